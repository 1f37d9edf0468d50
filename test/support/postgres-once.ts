import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { preparePostgres } from '../../src/server/records/postgres.ts';
import { newPostgres, type PostgresServer } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers `GET` with the address of a new database. */
    postgresDoor: string;
  }
}

const TEMPLATE = 'ka_template';

/**
 * One PostgreSQL for all test files of a run, begun when the first of them asks for it. Each gets databases of its
 * own, copied from one that has been migrated.
 */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  let server: Promise<PostgresServer> | undefined;
  let made = 0;
  const begin = async () => {
    const begun = await newPostgres();
    await begun.run(`create database ${TEMPLATE}`);
    await preparePostgres(begun.url(TEMPLATE));
    return begun;
  };
  /** A template is copied by one at a time. */
  let last: Promise<unknown> = Promise.resolve();
  const copy = async (empty: boolean): Promise<string> => {
    server ??= begin();
    const running = await server;
    const name = `test_${++made}`;
    const from = empty ? 'template1' : TEMPLATE;
    last = last.then(() => running.run(`create database ${name} template ${from} strategy file_copy`));
    await last;
    return running.url(name);
  };
  const door = createServer((request, reply) => {
    copy(request.url === '/empty').then(
      (url) => reply.end(url),
      (error: unknown) => reply.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  project.provide('postgresDoor', `http://127.0.0.1:${(door.address() as AddressInfo).port}`);
  return async () => {
    door.closeAllConnections();
    door.close();
    await (await server)?.stop();
  };
}
