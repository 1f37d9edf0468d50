import { startQdrantDouble } from './qdrant-double.ts';
import { startRedisServer } from './redis-server.ts';
import { newPostgresDatabase } from './stores.ts';

/**
 * `KA_TEST_STORES=scaled`: apps of the tests of routes keep their records in PostgreSQL, and servers of the browser's tests
 * stand on PostgreSQL, Redis and the double of Qdrant.
 */
export const IS_SCALED = process.env['KA_TEST_STORES'] === 'scaled';

export interface ServerStores {
  /** Settings of the server. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** What one server of a test keeps its things in: a data folder of its own and nothing else, where nobody asks for more. */
export async function openServerStores(): Promise<ServerStores> {
  if (!IS_SCALED) return { env: {}, close: async () => {} };
  const [database, redis, qdrant] = await Promise.all([
    newPostgresDatabase(),
    startRedisServer('redis-server'),
    startQdrantDouble(),
  ]);
  return {
    env: {
      DATABASE_URL: database,
      REDIS_URL: redis.url,
      VECTOR_URL: qdrant.url,
      JWT_SECRET: 'one secret for all of the processes',
    },
    async close() {
      await Promise.all([redis.close(), qdrant.close()]);
    },
  };
}
