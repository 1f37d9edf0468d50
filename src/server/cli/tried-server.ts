import { randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import { createAdmission } from '../admission/admission.ts';
import { EXTRACTIVE_MODEL } from '../answer/answer.ts';
import { createAnswering } from '../answer/answering.ts';
import type { Config } from '../config.ts';
import { createMemoryCache } from '../drivers/cache/memory.ts';
import { createLocalEvents } from '../drivers/events/local.ts';
import { createMemoryRateLimit } from '../drivers/rate-limit/memory.ts';
import { AppError } from '../errors.ts';
import { createAccessTokens } from '../http/access-token.ts';
import { createHttpServer, type HttpServer } from '../http/server.ts';
import { FORMATS } from '../ingest/formats.ts';
import { createLog } from '../log.ts';
import { createMetrics } from '../metrics.ts';
import type { Database } from '../ports/schema.ts';
import type { TextReader } from '../ports/text-index.ts';
import type { VectorReader } from '../ports/vector-index.ts';
import { installationId } from '../records/kept-settings.ts';
import { startSession } from '../records/sessions.ts';
import type { OnStatement } from '../records/tried-dialect.ts';
import { createUsageMeter } from '../records/usage-meter.ts';
import { openFileStore } from '../threads/open-file-store.ts';
import { queueOf } from '../threads/open-writers.ts';
import { packScope } from '../threads/packed-scope.ts';
import { openServing } from '../vector-spaces.ts';
import { modelDir, version } from '../version.ts';

/** A server on the configured records whose changes are never committed, and which runs no jobs. */
export interface TriedServer {
  readonly db: Kysely<Database>;
  readonly server: HttpServer;
  /** Signs a user in, as far as this server knows. @returns an access token. */
  signIn(userId: string): Promise<string>;
  close(): Promise<void>;
}

export interface TriedServerOptions {
  /** Hears of what is asked of the records, and of the indexes beside them on PostgreSQL. */
  readonly onStatement: OnStatement;
  /** Hears of what the indexes read of SQLite on a connection of their own, values in place. */
  readonly onIndexRead: (sql: string) => void;
}

const CODES_BYTES = 512 * 1024 * 1024;
const CACHE_BYTES = 16 * 1024 * 1024;

/** Everything is in this thread, where each statement is heard of. Answers are extracted: no language model is asked. */
export async function openTriedServer(config: Config, options: TriedServerOptions): Promise<TriedServer> {
  const secret = randomBytes(32).toString('base64url');
  const tokens = createAccessTokens([secret]);
  const records = await openTried(config, options);
  const { db } = records;
  const embedder = await openServing(db, config.embedding, modelDir);
  const vectors = await vectorsOf(config, records, embedder);
  const events = createLocalEvents({ name: `tried-${process.pid}` });
  const cache = createMemoryCache({ maxEntries: 100, maxBytes: CACHE_BYTES });
  const admission = createAdmission();
  const files = await openFileStore(config.storage);
  const queue = queueOf(config.database, db, events);
  const healthy = async () => undefined;
  const server = await createHttpServer({
    config: { ...config, jwtSecret: secret },
    version,
    db,
    files: {
      ...files,
      put: async (content) => {
        content.destroy();
        throw new AppError('VALIDATION', 'Files are not stored here: nothing is kept.');
      },
      remove: async () => {},
    },
    queue,
    events,
    cache,
    rateLimit: createMemoryRateLimit(0),
    answering: createAnswering({
      db,
      vectors: vectors.reader,
      texts: records.texts,
      embedder,
      cache,
      settings: { queryTtlMs: 0, answerTtlMs: 0, embeddingEntries: 1, embeddingBytes: CACHE_BYTES },
      enter: admission.enter,
    }),
    embedder,
    // nothing is charged for what is only looked at
    embeddingCharges: {
      model: () => embedder.fingerprint,
      reserve: async () => ({ settle() {} }),
      count() {},
    },
    usage: createUsageMeter(db, () => {}),
    log: createLog('silent'),
    metrics: createMetrics(),
    health: {
      started: () => true,
      probes: {
        database: async () => void (await db.selectFrom('settings').select('name').limit(1).execute()),
        vectors: healthy,
        cache: healthy,
        queue: async () => void (await queue.depth()),
        storage: healthy,
        embeddings: healthy,
        llm: healthy,
      },
    },
    admission,
    models: [EXTRACTIVE_MODEL],
    formats: FORMATS,
  });
  return {
    db,
    server,
    async signIn(userId) {
      const { sessionId } = await db.transaction().execute((tx) => startSession(tx, userId));
      return tokens.sign({ userId, sessionId });
    },
    async close() {
      await server.drain(1000);
      admission.close();
      await queue.close();
      await events.close();
      await cache.close();
      files.close();
      await vectors.close();
      await embedder.close();
      await records.close();
    },
  };
}

interface TriedRecords {
  readonly db: Kysely<Database>;
  readonly texts: TextReader;
  /** Vectors beside the records. */
  openVectors(dimensions: number): Promise<{ readonly reader: VectorReader; close(): Promise<void> }>;
  close(): Promise<void>;
}

async function openTried(
  { database }: Config,
  { onStatement, onIndexRead }: TriedServerOptions,
): Promise<TriedRecords> {
  if (database.kind === 'postgres') {
    const { openPostgres } = await import('../records/postgres.ts');
    const { createPostgresTextReader } = await import('../drivers/text-index/postgres-reader.ts');
    const { db, close } = openPostgres(database.url, { caFile: database.caFile, tried: onStatement });
    return {
      db,
      texts: createPostgresTextReader(db),
      async openVectors(dimensions) {
        const { createPostgresScanIndex } = await import('../drivers/vector-index/postgres-scan-index.ts');
        const index = createPostgresScanIndex({ db, dimensions, memoryLimitBytes: CODES_BYTES });
        const search: VectorReader['search'] = (vector, k, scope, signal) =>
          index.search(vector, k, packScope(scope), signal);
        const reader = { dimensions, search, score: index.score, stats: async () => index.stats() };
        return { reader: { ...reader, close: async () => {} }, close: index.close };
      },
      close,
    };
  }
  const { openSqlite } = await import('../records/sqlite.ts');
  const { createKeywordReader } = await import('../drivers/text-index/sqlite-reader.ts');
  const { db, close } = openSqlite(database.path, { tried: onStatement });
  const own = openSqlite(database.path, { readonly: true, onRun: onIndexRead });
  const keywords = createKeywordReader(own.raw);
  return {
    db,
    texts: {
      search: async (terms, k, scope) => keywords.search(terms, k, scope),
      close: async () => {},
    },
    async openVectors(dimensions) {
      const { createScanIndex } = await import('../drivers/vector-index/scan-index.ts');
      const index = createScanIndex({ raw: own.raw, dimensions, memoryLimitBytes: CODES_BYTES });
      return {
        reader: {
          dimensions,
          search: async (vector, k, scope) => index.search(vector, k, packScope(scope)),
          score: async (vector, keys) => index.score(vector, keys),
          stats: async () => index.stats(),
          close: async () => {},
        },
        close: async () => index.close(),
      };
    },
    async close() {
      await own.close();
      await close();
    },
  };
}

async function vectorsOf(
  { vectors }: Config,
  records: TriedRecords,
  { dimensions, fingerprint }: { readonly dimensions: number; readonly fingerprint: string },
): ReturnType<TriedRecords['openVectors']> {
  if (vectors.kind === 'records') return records.openVectors(dimensions);
  const { openQdrant } = await import('../drivers/vector-index/qdrant.ts');
  const { createQdrantReader } = await import('../drivers/vector-index/qdrant-reader.ts');
  const prefix = `ka-${await installationId(records.db)}`;
  const qdrant = openQdrant({ ...vectors, prefix, fingerprint, dimensions });
  return {
    reader: createQdrantReader({ db: records.db, qdrant }),
    close: async () => qdrant.close(),
  };
}
