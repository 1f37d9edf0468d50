import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type IngestHouse, openIngestHouse } from '../../../test/support/ingest-house.ts';
import { readTask } from '../records/tasks.ts';
import { newWriteTurns } from '../records/write-turns.ts';
import type { IngestHandlers, IngestNote, IngestThreadData } from './ingest-thread.ts';
import { siblingModule, startThread, type Thread } from './rpc.ts';

let dir: string;
let house: IngestHouse;
let thread: Thread<IngestHandlers> | undefined;
let notes: IngestNote[];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'thread-'));
  house = await openIngestHouse({ dir });
  notes = [];
});
afterEach(async () => {
  await thread?.close();
  await house.close();
  rmSync(dir, { recursive: true, force: true });
});
/** With no model, so that documents stop at being found by keyword. */
function start() {
  thread = startThread<IngestHandlers>(siblingModule('./ingest-thread', import.meta.url), {
    name: 'ingest',
    data: {
      records: { kind: 'sqlite', path: house.path },
      originals: { kind: 'disk', dir: join(dir, 'files') },
      modelDir: join(dir, 'no model'),
      eventsName: dir,
      writeTurns: newWriteTurns(),
      concurrency: 2,
      embeddingSessions: 1,
    } satisfies IngestThreadData,
    maxOldGenerationMb: 256,
  });
  thread.onNote((note) => notes.push(note as IngestNote));
  return thread;
}

test('the thread takes in real files, tells of progress and faults, and gives back its work when drained', async () => {
  const user = await house.addUser();
  const collection = await house.addCollection(user);
  const { taskId } = await house.add(user, collection, {
    'pump.md': '# Pump\n\nThe gasket is replaced every year.',
    'table.csv': 'part,price\ngasket,12\nvalve,30\n',
    'broken.pdf': '%PDF-1.7 and nothing else',
  });
  const ingest = start();
  const waits = new Promise<void>((resolve) => {
    house.events.subscribe('task', async () => {
      const items = (await readTask(house.db, taskId as string, user))?.items ?? [];
      if (items.filter(({ error }) => error !== undefined).length === 3) resolve();
    });
  });
  await waits;
  const rows = await house.db
    .selectFrom('documents')
    .select(['title', 'status', 'mime_type', 'error_code'])
    .orderBy('id')
    .execute();
  expect(rows).toMatchObject([
    { title: 'Pump', status: 'embedding', mime_type: 'text/markdown' },
    { title: 'table', status: 'embedding', mime_type: 'text/csv' },
    { status: 'failed', error_code: 'FILE_BROKEN' },
  ]);
  expect(house.raw.prepare(`select count(*) as n from postings where term like 'gasket%'`).get()).not.toEqual(
    { n: 0 },
  );
  const faults = notes.filter((note) => 'job' in note);
  expect(faults.every(({ job, final }) => job.kind === 'embed' && !final)).toBe(true);
  expect(faults.length).toBeGreaterThan(0);
  const ended = notes.flatMap((note) => ('ended' in note ? [note.ended] : []));
  expect(
    ended
      .filter(({ kind }) => kind === 'ingest')
      .map(({ failed }) => failed)
      .sort(),
  ).toEqual([false, false, true]);
  expect(await ingest.call('stats', undefined)).toMatchObject({ queued: 2, failed: 1, runningHere: 0 });

  await ingest.call('drain', { timeoutMs: 5_000 });
  await house.add(user, collection, { 'later.txt': 'Too late.' });
  expect((await house.queue.depth()).running).toBe(0);
  await ingest.close();
  expect((await house.queue.depth()).queued).toBe(3);
});

test.runIf(process.platform === 'linux')('the thread gives way to those that serve people', async () => {
  // proc(5): the nice value is field 19, and field 3 comes first behind the name
  const niceOf = (id: string) => {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);
  };
  const before = new Set(readdirSync('/proc/self/task'));
  const own = niceOf(String(process.pid));
  await start().ready;
  const added = readdirSync('/proc/self/task').filter((id) => !before.has(id));
  expect(added.map(niceOf)).toContain(own + 10);
  expect(niceOf(String(process.pid))).toBe(own);
});
