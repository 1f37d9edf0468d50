import type { preHandlerHookHandler } from 'fastify';
import type { ReadReplicas } from '../records/read-replicas.ts';

/** The hook within which a caller's request reads and writes, where there are replicas. Stands behind the body's parser. */
export const readingFrom =
  (replicas: ReadReplicas, mayLag: boolean): preHandlerHookHandler =>
  (request, _reply, done) =>
    replicas.serve(request.caller.userId, mayLag, done);
