import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { sweepFiles } from '../../src/server/ingest/sweep-files.ts';
import { reindex } from '../../src/server/records/intake.ts';
import { removeDocument } from '../../src/server/records/removal.ts';
import { expectIndexAtRest } from '../support/index-at-rest.ts';
import { type IngestHouse, openIngestHouse } from '../support/ingest-house.ts';

const CHILD = fileURLToPath(new URL('./ingest-child.ts', import.meta.url));
const DOCUMENTS = 20;

let house: IngestHouse | undefined;
let child: ChildProcess | undefined;
let dir = '';
afterEach(async () => {
  child?.kill('SIGKILL');
  await house?.close();
  if (dir !== '') rmSync(dir, { recursive: true, force: true });
});

/** A document of some 5 to 60 chunks, on pages, with headings. */
const text = (n: number): string =>
  `# Document ${n}\n\n${Array.from({ length: 5 + ((n * 7) % 12) }, (_, page) =>
    Array.from(
      { length: 40 },
      (_, i) => `On page ${page} sentence ${i} of ${n} tells of subject${(n * 31 + i) % 97}.`,
    ).join(' '),
  ).join('\f')}`;

async function startChild(): Promise<ChildProcess> {
  const started = fork(CHILD, [dir], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  await once(started, 'message');
  return started;
}
async function killChild(): Promise<void> {
  const dying = child as ChildProcess;
  const ended = once(dying, 'exit');
  dying.kill('SIGKILL');
  await ended;
}

test('20 documents survive a process that is killed again and again: each is there once and whole', async () => {
  dir = mkdtempSync(join(tmpdir(), 'crash-'));
  house = await openIngestHouse({ dir });
  const user = await house.addUser();
  const collection = await house.addCollection(user);
  const texts = Object.fromEntries(Array.from({ length: DOCUMENTS }, (_, n) => [`${n}.txt`, text(n)]));
  const { documents } = await house.add(user, collection, texts);
  const ids = documents.map(({ row }) => row.id);
  const { raw } = house;
  const progress = () =>
    (
      raw.prepare('select (select count(*) from chunks) + (select count(*) from vectors) as n').get() as {
        n: number;
      }
    ).n;
  const unfinished = () =>
    (
      raw.prepare(`select count(*) as n from documents where status not in ('ready', 'failed')`).get() as {
        n: number;
      }
    ).n;

  // the moments follow from the work done, so that every kill interrupts some; 17 is no multiple of any batch
  let kills = 0;
  let goal = 17;
  while (unfinished() > 0 && kills < 12) {
    child = await startChild();
    while (progress() < goal && unfinished() > 0) await new Promise((resolve) => setTimeout(resolve, 1));
    await killChild();
    kills += 1;
    goal = progress() + 17 + ((kills * 37) % 150);
    // removals and re-indexes in the middle of it, while the process is down
    if (kills === 4) await removeDocument(house.db, house.queue, ids[3] as string);
    if (kills === 6) await reindex(house.db, house.queue, user, [ids[0] as string]);
  }
  expect(kills).toBeGreaterThan(5);

  child = await startChild();
  const { queue } = house;
  for (let depth = await queue.depth(); depth.queued + depth.running > 0; depth = await queue.depth()) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await killChild();
  await sweepFiles(house.db, house.files);
  const rows = await house.db.selectFrom('documents').select(['status', 'error_detail']).execute();
  expect(rows).toEqual(
    Array.from({ length: DOCUMENTS - 1 }, () => ({ status: 'ready', error_detail: null })),
  );
  expect(raw.pragma('integrity_check', { simple: true })).toBe('ok');
  await expectIndexAtRest(house);
});

test('a job that ran when its process was killed is taken again by the next one at once', async () => {
  dir = mkdtempSync(join(tmpdir(), 'crash-'));
  house = await openIngestHouse({ dir });
  const user = await house.addUser();
  await house.add(user, await house.addCollection(user), { 'a.txt': text(1) });
  child = await startChild();
  const row = () =>
    house?.raw
      .prepare(`select state, attempt, lease_until, kind from jobs order by id desc limit 1`)
      .get() as Record<string, unknown>;
  while (row()['state'] !== 'running') await new Promise((resolve) => setTimeout(resolve, 1));
  await killChild();
  const left = row();
  expect(left['state']).toBe('running');
  // the lease itself still holds: only the death of its owner frees the job
  expect((left['lease_until'] as string) > new Date(Date.now() + 5_000).toISOString()).toBe(true);
  const job = await house.queue.take(['ingest', 'embed']);
  expect(job).toMatchObject({ kind: left['kind'], attempt: (left['attempt'] as number) + 1 });
});
