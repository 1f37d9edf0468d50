import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Kysely } from 'kysely';
import { AppError } from '../errors.ts';
import type { Database } from '../ports/schema.ts';
import {
  finishIdempotent,
  HOLD_EVERY_MS,
  hashOfParts,
  holdIdempotent,
  idempotencyName,
  releaseIdempotent,
  startIdempotent,
} from '../records/idempotency.ts';

/** Larger answers are not kept: a repeat is told that the work was done. */
const MAX_KEPT_CHARS = 1024 * 1024;

/** A request that has not answered by then never will: its client left, and its handler with it. */
const LONGEST_MS = 15 * 60_000;

/** Keys whose requests run in this process: noted as long as they do, so that a killed process frees its own soon. */
export interface HeldKeys {
  add(hash: string): void;
  drop(hash: string): void;
  close(): void;
}

export function holdKeys(
  db: Kysely<Database>,
  onError: (error: unknown) => void,
  everyMs = HOLD_EVERY_MS,
): HeldKeys {
  const since = new Map<string, number>();
  const timer = setInterval(() => {
    for (const [hash, startedMs] of since) if (Date.now() - startedMs > LONGEST_MS) since.delete(hash);
    if (since.size > 0) holdIdempotent(db, [...since.keys()]).catch(onError);
  }, everyMs).unref();
  return {
    add: (hash) => void since.set(hash, Date.now()),
    drop: (hash) => void since.delete(hash),
    close: () => clearInterval(timer),
  };
}

/**
 * `idempotency-key` on a mutation: the first request that succeeds is done, its repeats get the same answer.
 * A request that failed may be repeated under its key, since it changed nothing.
 *
 * The body of an upload is not known before it is read; there, requests count as the same when their lengths are.
 */
export function idempotencyHooks(db: Kysely<Database>, secretAnswer: boolean, held: HeldKeys) {
  const running = new WeakMap<FastifyRequest, string>();
  return {
    async preHandler(request: FastifyRequest, reply: FastifyReply): Promise<void> {
      const key = request.headers['idempotency-key'];
      if (key === undefined) return;
      if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
        const fields = [{ path: 'idempotency-key', message: 'must have 1 to 255 visible characters' }];
        throw new AppError('VALIDATION', 'The idempotency key is not valid.', { fields });
      }
      const hash = idempotencyName(
        request.caller.userId,
        `${request.method} ${request.routeOptions.url}`,
        key,
      );
      const start = await startIdempotent(
        db,
        hash,
        hashOfParts(request.method, request.url, contentOf(request)),
      );
      switch (start.kind) {
        case 'new':
          running.set(request, hash);
          held.add(hash);
          return;
        case 'running':
          throw new AppError('CONFLICT', 'A request with this idempotency key is being worked on.', {
            retryAfterSeconds: 2,
          });
        case 'other-request':
          throw new AppError('IDEMPOTENCY_CONFLICT', 'Take a new idempotency key for each new request.');
        case 'answered':
          if (start.body === null)
            throw new AppError('CONFLICT', 'This was done before, and its answer is not kept.');
          reply.code(start.status).header('idempotency-replayed', 'true').serializer(String);
          if (start.body !== '') reply.header('content-type', 'application/json; charset=utf-8');
          await reply.send(start.body);
          return;
        default:
          start satisfies never;
      }
    },
    async onSend(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
      const hash = running.get(request);
      if (hash === undefined) return payload;
      running.delete(request);
      held.drop(hash);
      const text = payload === null || payload === undefined ? '' : payload;
      if (reply.statusCode >= 300 || typeof text !== 'string') await releaseIdempotent(db, hash);
      else
        await finishIdempotent(
          db,
          hash,
          reply.statusCode,
          secretAnswer || text.length > MAX_KEPT_CHARS ? null : text,
        );
      return payload;
    },
  };
}

function contentOf({ headers, body }: FastifyRequest): string {
  if (headers['content-type']?.startsWith('multipart/')) return headers['content-length'] ?? '';
  return JSON.stringify(body ?? null);
}
