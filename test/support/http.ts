import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import type { Kysely } from 'kysely';
import { onTestFinished } from 'vitest';
import type { Session } from '../../src/contract/auth.ts';
import type { Answer } from '../../src/contract/query.ts';
import { createAdmission } from '../../src/server/admission/admission.ts';
import type { Answering } from '../../src/server/answer/answering.ts';
import { type Config, readConfig } from '../../src/server/config.ts';
import { createMemoryCache } from '../../src/server/drivers/cache/memory.ts';
import { createLocalEvents } from '../../src/server/drivers/events/local.ts';
import { createDiskFileStore } from '../../src/server/drivers/file-store/disk.ts';
import { createMemoryRateLimit } from '../../src/server/drivers/rate-limit/memory.ts';
import { createHttpServer, type HttpServer } from '../../src/server/http/server.ts';
import type { Services } from '../../src/server/http/services.ts';
import { createLog } from '../../src/server/log.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import type { Database } from '../../src/server/ports/schema.ts';
import { newId } from '../../src/server/records/ids.ts';
import type { RecordsPlace } from '../../src/server/records/open-records.ts';
import { openPostgres } from '../../src/server/records/postgres.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from '../../src/server/records/sqlite.ts';
import { createUsageMeter } from '../../src/server/records/usage-meter.ts';
import { queueOf } from '../../src/server/threads/open-writers.ts';
import { watchProcess } from '../../src/server/watch-process.ts';
import { createFakeEmbedder } from './fake-embedder.ts';
import {
  collectStatements,
  postgresScansOf,
  type Scan,
  scansOf,
  statementsSeen,
  watchPostgres,
} from './query-plans.ts';
import { IS_SCALED } from './server-stores.ts';
import { type DialectName, newPostgresDatabase } from './stores.ts';

/** What the apps of a run keep their records in; one switch for all tests of routes. */
export const DATABASE: DialectName = IS_SCALED ? 'postgres' : 'sqlite';

export interface TestApp {
  readonly server: HttpServer;
  readonly services: Services;
  readonly db: Kysely<Database>;
  /** @throws Error where the records are PostgreSQL: for what SQLite alone has. */
  readonly sqlite: SqliteConnection;
  /** What of the statements since `forgetStatements` read a whole table. */
  scans(): Promise<Scan[]>;
  /** Every line that was logged, parsed. */
  readonly logged: readonly Record<string, unknown>[];
  inject(options: InjectOptions): Promise<LightMyRequestResponse>;
  /** `call(user, 'GET /api/v1/me')`; a body is sent as JSON. */
  call(
    who: Who,
    route: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

/** A user or a key by its token; undefined: nobody. */
export type Who = { readonly token: string } | undefined;

export interface TestUser {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly token: string;
  /** The `Library`. */
  readonly collectionId: string;
  /** `name=value` of the refresh cookie. */
  readonly cookie: string;
}

export interface TestAppOptions {
  readonly env?: Record<string, string>;
  readonly services?: Partial<Services>;
}

/**
 * The whole HTTP server over a database and files in a folder of its own; what needs models is a fake. Ends
 * with the test that started it, or by `close` where it is shared.
 */
export async function startTestApp({
  env = {},
  services: others = {},
}: TestAppOptions = {}): Promise<TestApp> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-http-'));
  const config: Config = readConfig({ DATA_DIR: dataDir, RATE_LIMIT_PER_MINUTE: '0', ...env });
  const { db, place, ...store } = await openTestRecords(join(dataDir, 'knowledge.db'));
  const events = createLocalEvents({ name: dataDir });
  const queue = queueOf(place, db, events);
  const cache = createMemoryCache({ maxEntries: 100, maxBytes: 1_000_000 });
  const admission = createAdmission();
  const logged: Record<string, unknown>[] = [];
  const embedder = createFakeEmbedder();
  const services: Services = {
    config,
    version: '0.0.0-test',
    db,
    files: createDiskFileStore({ dir: join(dataDir, 'files') }),
    queue,
    events,
    cache,
    rateLimit: createMemoryRateLimit(config.rateLimitPerMinute),
    answering: fakeAnswering,
    embedder,
    embeddingCharges: {
      model: () => embedder.fingerprint,
      reserve: async () => ({ settle() {} }),
      count() {},
    },
    usage: createUsageMeter(db, (error) => {
      throw error;
    }),
    log: createLog('info', (line) => void logged.push(JSON.parse(line))),
    metrics: createMetrics(),
    health: { started: () => true, probes: healthyProbes },
    admission,
    models: ['extractive'],
    formats: [{ mimeType: 'text/plain', extensions: ['txt'] }],
    ...others,
  };
  watchProcess(services.metrics, services);
  const server = await createHttpServer(services);
  let closed = false;
  const app: TestApp = {
    server,
    services,
    db,
    get sqlite() {
      if (store.sqlite === undefined) throw new Error('the records of this run are PostgreSQL');
      return store.sqlite;
    },
    scans: store.scans,
    logged,
    inject: (options) => server.app.inject(options),
    call(who, route, body, headers = {}) {
      const [method, url] = route.split(' ') as [InjectOptions['method'], string];
      return server.app.inject({
        method: method as 'GET',
        url,
        headers: { ...(who === undefined ? {} : { authorization: `Bearer ${who.token}` }), ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
    },
    async close() {
      if (closed) return;
      closed = true;
      await server.drain(1000);
      admission.close();
      await queue.close();
      await events.close();
      await cache.close();
      await store.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  return app;
}

async function openTestRecords(path: string): Promise<{
  readonly place: RecordsPlace;
  readonly db: Kysely<Database>;
  readonly sqlite: SqliteConnection | undefined;
  scans(): Promise<Scan[]>;
  close(): Promise<void>;
}> {
  if (DATABASE === 'postgres') {
    const url = await newPostgresDatabase();
    const { db, close } = openPostgres(url, { poolSize: 4 });
    watchPostgres(statementsSeen);
    return {
      place: { kind: 'postgres', url, poolSize: 4, caFile: undefined },
      db,
      sqlite: undefined,
      scans: () => postgresScansOf(url, statementsSeen),
      close,
    };
  }
  prepareSqlite(path);
  const sqlite = openSqlite(path);
  collectStatements(sqlite.raw);
  const { db, raw, close } = sqlite;
  return { place: { kind: 'sqlite', path }, db, sqlite, scans: async () => scansOf(raw), close };
}

/** `startTestApp` for one test. */
export async function testApp(options: TestAppOptions = {}): Promise<TestApp> {
  const app = await startTestApp(options);
  onTestFinished(() => app.close());
  return app;
}

let people = 0;

/** A new account; the first one of an app is its administrator. */
export async function registerUser(
  app: TestApp,
  email = `person${++people}@example.org`,
  password = 'a long password',
): Promise<TestUser> {
  const response = await app.call(undefined, 'POST /api/v1/auth/register', { email, password });
  if (response.statusCode !== 201)
    throw new Error(`registration answered ${response.statusCode}: ${response.body}`);
  const { user, accessToken } = response.json<Session>();
  const token = { token: accessToken };
  const collections = await app.call(token, 'GET /api/v1/collections');
  const collectionId = collections.json<{ items: { id: string }[] }>().items[0]?.id ?? '';
  const cookie = String(response.headers['set-cookie']).split(';')[0] as string;
  return { id: user.id, email, password, ...token, collectionId, cookie };
}

const timings = { embedMs: 0, vectorMs: 0, keywordMs: 0, rerankMs: 0, generateMs: 0, totalMs: 0 };

/** Finds nothing and answers so, with the contract's shapes. */
export const fakeAnswering: Answering = {
  search: async () => ({ hits: [], tookMs: 0, cached: false, timings }),
  async *ask() {
    const answer: Answer = {
      id: newId(),
      answer: 'Nothing in the documents answers this.',
      answered: false,
      citations: [],
      sources: [],
      model: 'fake',
      cached: false,
      usage: { promptTokens: 0, completionTokens: 0, costUsd: 0 },
      timings,
    };
    yield { type: 'sources', sources: [] };
    yield { type: 'token', text: answer.answer };
    yield { type: 'done', answer };
  },
};

const healthy = async () => undefined;
const healthyProbes: Services['health']['probes'] = {
  database: healthy,
  vectors: healthy,
  cache: healthy,
  queue: healthy,
  storage: healthy,
  embeddings: healthy,
  llm: healthy,
};
