import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, registerClient } from '../../bench/lib/server.ts';
import type { Answer } from '../../src/contract/query.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import { describeWith } from '../support/needs.ts';
import { type QdrantDouble, startQdrantDouble } from '../support/qdrant-double.ts';
import { startRedisServer } from '../support/redis-server.ts';
import { openReplicas, type Replica, type Replicas } from '../support/replica.ts';
import { newPostgresDatabase } from '../support/stores.ts';

let qdrant: QdrantDouble;
beforeAll(async () => {
  qdrant = await startQdrantDouble();
});
afterAll(() => qdrant.close());

describe('an installation on PostgreSQL alone', () =>
  worksAsOne(2, async () => ({ DATABASE_URL: await newPostgresDatabase() })));

describe('an installation on SQLite and Qdrant', () =>
  worksAsOne(1, async () => ({ QDRANT_URL: qdrant.url })));

describeWith('redis', 'an installation on PostgreSQL, Qdrant and Redis', (path) => {
  let redis: Awaited<ReturnType<typeof startRedisServer>>;
  afterAll(() => redis.close());
  worksAsOne(2, async () => {
    redis = await startRedisServer(path);
    return { DATABASE_URL: await newPostgresDatabase(), VECTOR_URL: qdrant.url, REDIS_URL: redis.url };
  });
});

const LIGHTHOUSE =
  'Ottilie Marsh built the Veldran lighthouse in 1887.\n\nThe lamp burned colza oil until the winter of 1911.';

/** What a user does meets each process in turn. */
function worksAsOne(count: number, settings: () => Promise<Readonly<Record<string, string>>>): void {
  let replicas: Replicas;
  let owner: Client[];
  let stranger: Client[];
  let documentId: string;
  beforeAll(async () => {
    replicas = await openReplicas(count, await settings());
    const everywhere = async (email: string) => {
      const clients: Client[] = [];
      for (const { url } of replicas.all) clients.push(await registerClient(url, email));
      return clients;
    };
    owner = await everywhere('owner@example.org');
    stranger = await everywhere('stranger@example.org');
    const [first] = owner as [Client];
    const { taskId, documents } = await first.upload([
      { name: 'lighthouse.txt', bytes: Buffer.from(LIGHTHOUSE) },
    ]);
    documentId = (documents[0] as { id: string }).id;
    await (owner.at(-1) as Client).finished(taskId);
  }, 60_000);
  afterAll(() => replicas.close());

  test('a document is found by meaning and by words', async () => {
    for (const client of owner)
      for (const mode of ['vector', 'keyword', 'hybrid'] as const) {
        const { hits } = await client.post<SearchResult>('/api/v1/search', {
          query: 'who built the lighthouse',
          mode,
        });
        expect(hits.map((hit) => hit.documentId)).toEqual([documentId]);
        expect(hits[0]?.scores[mode === 'keyword' ? 'keyword' : 'vector']).toBeGreaterThan(0);
      }
  });

  test('an answer quotes a slice of its page', async () => {
    for (const client of owner) {
      const answer = await client.post<Answer>('/api/v1/query', { query: 'Who built the lighthouse?' });
      const [citation] = answer.citations as [Answer['citations'][number]];
      const { text } = await client.get<{ text: string }>(
        `/api/v1/documents/${documentId}/text?page=${citation.page}`,
      );
      expect(citation.quote).toBe(text.slice(citation.start, citation.end));
      expect(citation.quote).toContain('Ottilie Marsh');
    }
  });

  test('another user finds nothing of it', async () => {
    for (const client of stranger) {
      const { hits } = await client.post<SearchResult>('/api/v1/search', { query: 'lighthouse' });
      expect(hits).toEqual([]);
      await expect(client.get(`/api/v1/documents/${documentId}`)).rejects.toThrow('answered 404');
    }
  });

  test('its health names what it stands on', async () => {
    for (const { url } of replicas.all as readonly Replica[]) {
      const health = (await (await fetch(`${url}/health/detailed`)).json()) as {
        status: string;
        checks: Record<string, { status: string; detail?: string }>;
      };
      expect(health.status, JSON.stringify(health.checks)).toBe('healthy');
    }
  });

  test('nothing of a document that one process deleted is found at any', async () => {
    const ask = (client: Client) =>
      client.post<Answer>('/api/v1/query', { query: 'What did the lamp burn?' });
    for (const client of owner) expect(await ask(client)).toMatchObject({ answered: true });
    await (owner[0] as Client).post('/api/v1/documents/bulk', {
      documentIds: [documentId],
      action: { type: 'delete' },
    });
    for (const client of owner) {
      const { hits } = await client.post<SearchResult>('/api/v1/search', { query: 'lighthouse' });
      expect(hits).toEqual([]);
      expect(await ask(client)).toMatchObject({ answered: false, citations: [] });
    }
  });
}
