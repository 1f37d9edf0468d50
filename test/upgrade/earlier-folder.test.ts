import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, clientWith, registerClient } from '../../bench/lib/server.ts';
import type { Conversation } from '../../src/contract/conversations.ts';
import type { Document } from '../../src/contract/documents.ts';
import type { Answer } from '../../src/contract/query.ts';
import { MIGRATIONS } from '../../src/server/records/migrations/all.ts';
import { checkInstallation } from '../../src/server/upkeep/check-installation.ts';
import { openReplica } from '../support/replica.ts';
import { makeEarlierFolder } from './earlier-folder.ts';

const home = mkdtempSync(join(tmpdir(), 'ka-upgrade-'));
const present = join(home, 'present');
const PASSAGES = [
  'The mill at Tarnby was built in 1742 by Greta Holm.',
  'A visiting yacht pays 34 crowns a night.',
];
const QUESTION = 'Who built the mill at Tarnby?';
let key = '';
let conversationId = '';
let texts: string[] = [];

const documentsOf = async (client: Client): Promise<Document[]> =>
  (await client.get<{ items: Document[] }>('/api/v1/documents')).items;
const textsOf = async (client: Client): Promise<string[]> =>
  Promise.all(
    (await documentsOf(client)).map(
      async ({ id }) => (await client.get<{ text: string }>(`/api/v1/documents/${id}/text`)).text,
    ),
  );

beforeAll(async () => {
  const { url, close } = await openReplica({ DATA_DIR: present });
  const user = await registerClient(url);
  ({ key } = await user.post<{ key: string }>('/api/v1/api-keys', {
    name: 'kept',
    scopes: ['read', 'write'],
  }));
  const uploaded = await user.upload(
    PASSAGES.map((text, n) => ({ name: `${n}.md`, bytes: Buffer.from(`# Part ${n}\n\n${text}\n`) })),
  );
  await user.finished(uploaded.taskId);
  ({ id: conversationId } = await user.post<Conversation>('/api/v1/conversations', { title: 'Mills' }));
  await user.post('/api/v1/query', { query: QUESTION, conversationId });
  texts = await textsOf(user);
  await close();
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

const countsOf = (folder: string, tables: readonly string[]): Record<string, number> => {
  const raw = new Sqlite(join(folder, 'knowledge.db'), { readonly: true });
  try {
    return Object.fromEntries(
      tables.map((table) => [table, raw.prepare(`select count(*) from ${table}`).pluck().get() as number]),
    );
  } finally {
    raw.close();
  }
};

/** Those that a start alone adds to. */
const GROWS = ['settings', 'sessions', 'usage'];

test.each(MIGRATIONS.map(({ version, name }) => [version, name] as const))(
  'a data folder of schema version %i (%s) opens with all that was in it',
  async (version) => {
    const folder = mkdtempSync(join(home, 'earlier-'));
    const tables = makeEarlierFolder(present, folder, version).filter((name) => !GROWS.includes(name));
    const before = countsOf(folder, tables);
    expect(before).toMatchObject({ users: 1, documents: PASSAGES.length, messages: 2 });
    expect(before['vectors']).toBe(before['chunks']);

    const { url, close, installation } = await openReplica({ DATA_DIR: folder });
    try {
      const client = clientWith(url, key);
      expect((await documentsOf(client)).map(({ status }) => status)).toEqual(['ready', 'ready']);
      expect(await textsOf(client)).toEqual(texts);
      const messages = await client.get<{ items: { content: string }[] }>(
        `/api/v1/conversations/${conversationId}/messages`,
      );
      expect(messages.items.map(({ content }) => content)).toContain(QUESTION);
      const old = await client.post<Answer>('/api/v1/query', { query: QUESTION });
      expect(old.citations.map(({ quote }) => quote)).toEqual([PASSAGES[0]]);
      // nothing had to be read or embedded anew
      expect(countsOf(folder, tables)).toEqual(before);

      const added = await client.upload([
        { name: 'new.md', bytes: Buffer.from('The bakery on Mill Lane opens at five in the morning.') },
      ]);
      expect((await client.finished(added.taskId)).status).toBe('completed');
      const fresh = await client.post<Answer>('/api/v1/query', { query: 'When does the bakery open?' });
      expect(fresh.citations[0]?.quote).toContain('five in the morning');
      const { db, files, config } = installation;
      expect((await checkInstallation({ records: config.database, db, files })).faults).toEqual([]);
    } finally {
      await close();
    }
  },
);

test('a data folder of a newer release is refused with a sentence, and left as it was', async () => {
  const folder = join(home, 'newer');
  cpSync(present, folder, { recursive: true });
  const raw = new Sqlite(join(folder, 'knowledge.db'));
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  raw
    .prepare('insert into schema_migrations (version, name, applied_at) values (?, ?, ?)')
    .run(newest + 1, 'later', '');
  raw.pragma('wal_checkpoint(truncate)');
  raw.close();
  const contents = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/-(?:wal|shm)$/.test(entry.name))
      .map(({ parentPath, name }) => [
        join(parentPath, name),
        readFileSync(join(parentPath, name)).toString('base64'),
      ]);
  const before = contents();
  await expect(openReplica({ DATA_DIR: folder })).rejects.toThrow(
    /was written by a newer release .* Start the newer release, or restore a backup/,
  );
  expect(contents()).toEqual(before);
});
