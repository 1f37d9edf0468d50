import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterEach, describe, expect, test } from 'vitest';
import { BENCH_USER, type Client, registerClient } from '../../bench/lib/server.ts';
import type { Database } from '../../src/server/ports/schema.ts';
import { openReplica, type Replica } from '../support/replica.ts';
import { newPostgresDatabase } from '../support/stores.ts';

let replica: Replica | undefined;
let dataDir: string;
afterEach(async () => {
  await replica?.close();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Made-up words, each found nowhere else; stems are their beginnings. */
const TRACES = {
  'the address': 'zurbano-leaver@example.org',
  'the name': 'Vexilda Quorn',
  'a word of a document': 'glimworth',
  'a word of a document in a collection of somebody else': 'brantelow',
  'the name of a file': 'plovenhast',
  'the title of a chat': 'skarrowmere',
  'a question': 'dunwickle',
  'the name of a key': 'fenborrow',
  'the name of a collection': 'oxtermead',
  'the name of a deleted collection': 'wrenlathe',
};

interface Trace {
  readonly of: string;
  readonly where: string;
}

/** Every table and column, whatever made them. */
async function tracesInTables(db: Kysely<Database>, needles: Record<string, string>): Promise<Trace[]> {
  const found: Trace[] = [];
  for (const { name: table } of await db.introspection.getTables()) {
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(db);
    for (const row of rows)
      for (const [column, value] of Object.entries(row)) {
        const text = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : String(value);
        for (const [of, needle] of Object.entries(needles))
          if (text.toLowerCase().includes(needle.toLowerCase()))
            found.push({ of, where: `${table}.${column}` });
      }
  }
  return found;
}

function tracesInFiles(folder: string): Trace[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .flatMap((entry) => {
      const content = readFileSync(join(entry.parentPath, entry.name)).toString('latin1').toLowerCase();
      return Object.entries(TRACES)
        .filter(([, needle]) => content.includes(needle.toLowerCase()))
        .map(([of]) => ({ of, where: entry.name }));
    });
}

const text = (word: string) =>
  Buffer.from(`The ${word} stands on the hill.\n\nNobody knows who built the ${word}.`);
const call = async (
  client: Client,
  url: string,
  method: string,
  path: string,
  body: unknown,
  key?: string,
) => {
  const response = await fetch(url + path, {
    method,
    body: JSON.stringify(body),
    headers: {
      authorization: `Bearer ${client.token}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (response.status === 204 ? undefined : await response.json()) as { id: string };
};

describe.each(['sqlite', 'postgres'])('on %s', (database) => {
  test('of an account that was deleted nothing is left in any store, and what others own stays', async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'ka-traces-'));
    const settings: Record<string, string> =
      database === 'postgres' ? { DATABASE_URL: await newPostgresDatabase() } : {};
    replica = await openReplica({ DATA_DIR: dataDir, ...settings });
    const { url, installation, logged } = replica;
    const { db, queue, cache } = installation;
    const stayer = await registerClient(url, 'stayer@example.org');
    const leaver = await registerClient(url, TRACES['the address']);
    const { id: leaverId } = await leaver.get<{ id: string }>('/api/v1/me');
    const as = (client: Client, method: string, path: string, body: unknown, key?: string) =>
      call(client, url, method, `/api/v1${path}`, body, key);

    await as(leaver, 'PATCH', '/me', { name: TRACES['the name'] });
    await as(leaver, 'POST', '/api-keys', { name: TRACES['the name of a key'] });
    const own = await as(
      leaver,
      'POST',
      '/collections',
      { name: TRACES['the name of a collection'] },
      'key-1',
    );
    const doomed = await as(leaver, 'POST', '/collections', {
      name: TRACES['the name of a deleted collection'],
    });
    await as(leaver, 'DELETE', `/collections/${doomed.id}`, undefined);
    const shared = await as(stayer, 'POST', '/collections', { name: 'Shared' });
    await as(stayer, 'PUT', `/collections/${shared.id}/members`, {
      email: TRACES['the address'],
      role: 'editor',
    });
    await as(leaver, 'PUT', `/collections/${own.id}/members`, {
      email: 'stayer@example.org',
      role: 'editor',
    });

    const put = async (client: Client, name: string, word: string, collectionId?: string) => {
      const { taskId, documents } = await client.upload([{ name, bytes: text(word) }]);
      await client.finished(taskId);
      const documentIds = [documents[0]?.id as string];
      if (collectionId !== undefined) {
        await as(client, 'POST', '/documents/bulk', { documentIds, action: { type: 'move', collectionId } });
        await drained();
      }
      return documentIds[0] as string;
    };
    const drained = async () => {
      for (;;) {
        const { queued, running } = await queue.depth();
        if (queued + running === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    };
    await put(leaver, `${TRACES['the name of a file']}.txt`, TRACES['a word of a document'], own.id);
    const among = await put(
      leaver,
      'guest.txt',
      TRACES['a word of a document in a collection of somebody else'],
      shared.id,
    );
    const kept = await put(stayer, 'kept.txt', 'lighthouse', shared.id);
    const chat = await as(leaver, 'POST', '/conversations', { title: TRACES['the title of a chat'] });
    await as(leaver, 'POST', '/query', {
      query: `Who built the ${TRACES['a word of a document']} and ${TRACES['a question']}?`,
      conversationId: chat.id,
    });
    // somebody else works on the guest's document: its name stands in their task
    await as(stayer, 'POST', `/documents/${among}/reindex`, {});
    await drained();
    const there = new Set((await tracesInTables(db, { ...TRACES, id: leaverId })).map(({ of }) => of));
    expect([...there].sort()).toEqual([...Object.keys(TRACES), 'id'].sort());

    await as(leaver, 'DELETE', '/me', { password: BENCH_USER.password });
    expect(cache.stats().entries).toBe(0);
    await drained();

    expect(await tracesInTables(db, TRACES)).toEqual([]);
    // who did what to whose rights stays in the audit log, by an id that names nobody any more
    const byId = await tracesInTables(db, { id: leaverId });
    expect(new Set(byId.map(({ where }) => where.split('.')[0]))).toEqual(new Set(['audit']));
    const audit = await db.selectFrom('audit').selectAll().where('actor_id', '=', leaverId).execute();
    expect(audit.map(({ action }) => action)).toContain('user.deleted');
    expect(audit.every(({ ip, detail }) => ip === null && detail === null)).toBe(true);
    const documents = await db.selectFrom('documents').select('id').execute();
    expect(documents).toEqual([{ id: kept }]);
    const chunks = await db.selectFrom('chunks').select(['key', 'document_id']).execute();
    const vectors = await db.selectFrom('vectors').select('key').execute();
    expect(vectors.map(({ key }) => key)).toEqual(chunks.map(({ key }) => key));
    expect(new Set(chunks.map(({ document_id }) => document_id))).toEqual(new Set([kept]));

    const { hits } = await stayer.post<{ hits: { documentId: string }[] }>('/api/v1/search', {
      query: 'who built it',
    });
    expect(new Set(hits.map(({ documentId }) => documentId))).toEqual(new Set([kept]));
    expect(await stayer.get('/api/v1/documents')).toMatchObject({ total: 1, items: [{ id: kept }] });
    await replica.close();
    replica = undefined;
    // bytes that no row names any more, too
    expect(tracesInFiles(dataDir)).toEqual([]);
    for (const word of Object.values(TRACES))
      expect(logged.join('\n').toLowerCase()).not.toContain(word.toLowerCase());
  });
});
