import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Client, registerClient } from '../../bench/lib/server.ts';
import type { Document } from '../../src/contract/documents.ts';
import type { SearchResult } from '../../src/contract/search.ts';
import { openReplica, type Replica } from '../support/replica.ts';

/** A small disk of the test's own: the system gives one to root alone. */
const disk = mkdtempSync(join(tmpdir(), 'ka-small-disk-'));
const mounted = (() => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

const FILLER = join(disk, 'filler');
/** Takes all of the disk but so many bytes. */
function fill(left: number): void {
  const { bavail, bsize } = statfsSync(disk);
  const file = openSync(FILLER, 'a');
  try {
    for (let missing = bavail * bsize - left; missing > 0; )
      missing -= writeSync(file, Buffer.alloc(Math.min(missing, 65_536)));
  } finally {
    closeSync(file);
  }
}
const makeRoom = () => rmSync(FILLER, { force: true });

const text = (subject: string, sentences: number): string =>
  Array.from(
    { length: sentences },
    (_, n) => `The ${subject} of harbour ${n} was painted in the year ${1500 + n} by its keeper.`,
  ).join(' ');

let replica: Replica;
let client: Client;
beforeAll(async () => {
  if (!mounted) return;
  replica = await openReplica({ DATA_DIR: join(disk, 'data') });
  client = await registerClient(replica.url);
});
afterAll(async () => {
  await replica?.close();
  if (mounted) execFileSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

const upload = async (filename: string, content: string) => {
  const form = new FormData();
  form.append('file', new Blob([content]), filename);
  const headers = { authorization: `Bearer ${client.token}` };
  const response = await fetch(`${replica.url}/api/v1/documents`, { method: 'POST', headers, body: form });
  return { status: response.status, headers: response.headers, body: await response.json() };
};
const found = async (query: string): Promise<string[]> =>
  (await client.post<SearchResult>('/api/v1/search', { query })).hits.map(({ title }) => title);
const stored = () =>
  readdirSync(join(disk, 'data', 'files'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);

describe.skipIf(!mounted)('on a disk that is full (needs root, to mount a small one)', () => {
  test('an upload is refused and leaves nothing, reading and searching go on, and it heals by itself', async () => {
    const first = await upload('lantern.txt', text('lantern', 30));
    expect(first.status).toBe(202);
    await client.finished(first.body.taskId);
    const before = stored();
    onTestFinished(makeRoom);
    fill(0);

    const refused = await upload('bell.txt', text('bell', 3000));
    expect(refused).toMatchObject({ status: 507, body: { type: 'urn:ka:error:storage-full' } });
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(stored()).toEqual(before);
    expect(await found('lantern of harbour 7')).toEqual(expect.arrayContaining(['lantern']));
    const kept = await client.get<Document>(`/api/v1/documents/${first.body.document.id}`);
    expect(kept.status).toBe('ready');

    makeRoom();
    const taken = await upload('bell.txt', text('bell', 30));
    expect(taken.status).toBe(202);
    expect((await client.finished(taken.body.taskId)).status).toBe('completed');
    expect(await found('bell of harbour 7')).toEqual(expect.arrayContaining(['bell']));
  });

  test('a document that was taken in before waits, does not fail, and is found once there is room', async () => {
    onTestFinished(makeRoom);
    // room for the file and its row, not for its passages
    const content = `# Foghorns\n\n${text('foghorn', 15)}\n\n`.repeat(600);
    fill(content.length + 400_000);
    const { status, body } = await upload('foghorn.md', content);
    expect(status).toBe(202);
    const job = () =>
      replica.installation.db
        .selectFrom('jobs')
        .select(['state', 'attempt', 'last_error'])
        .where('document_id', '=', body.document.id)
        .orderBy('id', 'desc')
        .executeTakeFirstOrThrow();
    const faults = () =>
      replica.logged.filter((line) => line.includes('SQLITE_FULL') || line.includes('disk is full'));
    while (faults().length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(['queued', 'running']).toContain((await job()).state);
    expect((await client.get<Document>(`/api/v1/documents/${body.document.id}`)).status).not.toBe('failed');

    makeRoom();
    expect((await client.finished(body.taskId)).status).toBe('completed');
    expect(await found('foghorn of harbour 7')).toEqual(expect.arrayContaining(['Foghorns']));
  });
});
