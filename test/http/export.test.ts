import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, registerClient } from '../../bench/lib/server.ts';
import { openReplica, type Replica } from '../support/replica.ts';

let replica: Replica;
let dataDir: string;
beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'ka-export-'));
  replica = await openReplica({ DATA_DIR: dataDir });
});
afterAll(async () => {
  await replica.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function post(client: Client, path: string, body: unknown, method = 'POST') {
  const response = await fetch(`${replica.url}/api/v1${path}`, {
    method,
    body: JSON.stringify(body),
    headers: { authorization: `Bearer ${client.token}`, 'content-type': 'application/json' },
  });
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as { id: string };
}
const put = async (client: Client, name: string, text: string) => {
  const { taskId, documents } = await client.upload([{ name, bytes: Buffer.from(text) }]);
  await client.finished(taskId);
  return documents[0]?.id as string;
};

test('an export holds all that is one’s own, and nothing of others', async () => {
  const { url } = replica;
  const other = await registerClient(url, 'other@example.org');
  const me = await registerClient(url, 'me@example.org');
  await post(other, '/api-keys', { name: 'skarrowmere key' });
  await post(other, '/conversations', { title: 'skarrowmere chat' });
  const mine = await put(me, 'Häfen: «all».txt', 'Ottilie Marsh built the Veldran lighthouse in 1887.');
  const { id: chat } = await post(me, '/conversations', { title: 'Of lighthouses' });
  await post(me, '/query', { query: 'Who built the Veldran lighthouse?', conversationId: chat });
  // an answer from then on might quote what is shared
  const shared = await post(other, '/collections', { name: 'Shared' });
  await post(other, `/collections/${shared.id}/members`, { email: 'me@example.org', role: 'viewer' }, 'PUT');
  const theirs = await put(other, 'theirs.txt', 'Ottokar keeps the secret of the skarrowmere.');
  await post(other, '/documents/bulk', {
    documentIds: [theirs],
    action: { type: 'move', collectionId: shared.id },
  });
  const { key } = (await post(me, '/api-keys', { name: 'my key' })) as unknown as { key: string };

  const ask = () => fetch(`${url}/api/v1/me/export`, { headers: { authorization: `Bearer ${me.token}` } });
  const response = await ask();
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/zip');
  expect(response.headers.get('content-disposition')).toContain('attachment');
  const files = unzipSync(new Uint8Array(await response.arrayBuffer()));
  const text = (name: string) => strFromU8(files[name] as Uint8Array);

  expect(Object.keys(files).sort()).toEqual(
    [
      'api-keys.json',
      'audit.json',
      'collections.json',
      `conversations/${chat}.json`,
      `conversations/${chat}.md`,
      'documents.json',
      `documents/${mine}/Häfen_ «all».txt`,
      `documents/${mine}/extracted-text/pages.txt`,
      'profile.json',
      'usage.json',
    ].sort(),
  );
  expect(JSON.parse(text('profile.json'))).toMatchObject({ email: 'me@example.org' });
  const [document] = JSON.parse(text('documents.json')) as { original: string; id: string }[];
  expect(document).toMatchObject({ id: mine, status: 'ready' });
  expect(text(document?.original as string)).toContain('Ottilie Marsh');
  expect(text(`documents/${mine}/extracted-text/pages.txt`)).toContain('lighthouse in 1887.');
  expect(JSON.parse(text(`conversations/${chat}.json`))).toMatchObject({
    title: 'Of lighthouses',
    items: [{ role: 'user' }, { role: 'assistant', citations: [{ documentId: mine }] }],
  });
  expect(text(`conversations/${chat}.md`)).toContain('## Who built the Veldran lighthouse?');
  expect(JSON.parse(text('api-keys.json'))).toMatchObject([{ name: 'my key' }]);
  expect((JSON.parse(text('audit.json')) as { action: string }[]).map(({ action }) => action)).toContain(
    'user.exported',
  );
  expect(JSON.parse(text('collections.json'))).toHaveLength(2);

  const all = Object.values(files)
    .map((content) => strFromU8(content))
    .join('\n');
  for (const foreign of ['skarrowmere', 'Ottokar', 'other@example.org', key, 'argon2'])
    expect(all).not.toContain(foreign);
  // the place is free again
  expect((await ask()).status).toBe(200);
});

test('an account has one export on its way at a time', async () => {
  const me = await registerClient(replica.url, 'me@example.org');
  const ask = () =>
    fetch(`${replica.url}/api/v1/me/export`, { headers: { authorization: `Bearer ${me.token}` } });
  const { files, db } = replica.installation;
  const reading = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const read = files.read;
  Object.assign(files, {
    read: async (key: string) => {
      reading.resolve();
      await goOn.promise;
      return read(key);
    },
  });
  const first = ask();
  await reading.promise;
  const second = await ask();
  expect(second.status).toBe(429);
  expect(second.headers.get('retry-after')).toBe('30');
  goOn.resolve();
  await (await first).arrayBuffer();
  Object.assign(files, { read });
  expect(
    await db.selectFrom('audit').select('id').where('action', '=', 'user.exported').execute(),
  ).toHaveLength(3);
});
