import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { expectIndexAtRest } from '../../../test/support/index-at-rest.ts';
import { ALL_KINDS, type IngestHouse, openIngestHouse } from '../../../test/support/ingest-house.ts';
import { chunkKey } from '../ports/search-scope.ts';
import { newId } from '../records/ids.ts';
import { reindex } from '../records/intake.ts';
import { removeCollection, removeDocument } from '../records/removal.ts';
import { type CheckedStores, checkInstallation } from './check-installation.ts';
import { mendInstallation } from './mend-installation.ts';

let house: IngestHouse;
afterEach(() => house.close());

const prose = (topic: string): string =>
  Array.from({ length: 60 }, (_, i) => `Number ${i} is about the ${topic} and its many friends.`).join(
    '\n\n',
  );

/** Two documents of one user, read and embedded. */
async function furnish() {
  house = await openIngestHouse();
  const user = await house.addUser();
  const collection = await house.addCollection(user);
  const { documents } = await house.add(
    user,
    collection,
    { 'pumps.txt': `# Pumps\n\n${prose('pump')}\f${prose('valve')}`, 'bees.txt': prose('bee') },
    { tags: ['shelf'] },
  );
  await house.settle();
  const [pumps, bees] = await Promise.all(documents.map(({ row }) => house.document(row.id)));
  if (pumps === undefined || bees === undefined) throw new Error('two documents were added');
  const { no } = house.raw.prepare('select no from collections').get() as { no: number };
  return { user, collection, no, pumps, bees };
}
type Furnished = Awaited<ReturnType<typeof furnish>>;

const check = (more: Partial<CheckedStores> = {}) =>
  checkInstallation({
    records: { kind: 'sqlite', path: house.path },
    db: house.db,
    files: house.files,
    uploadsMs: -1,
    ...more,
  });
const names = async () => (await check()).faults.map((fault) => fault.check).sort();
const run = (statement: string, ...values: unknown[]) => house.raw.prepare(statement).run(...values);

test('an installation at rest agrees with itself, and says what was looked at', async () => {
  const { pumps, bees } = await furnish();
  const passages = pumps.chunk_count + bees.chunk_count;
  expect(passages).toBeGreaterThan(4);
  expect(await check()).toEqual({ checked: { files: 2, passages, vectors: passages }, faults: [] });
});

test('work that is half done is not broken: at no point of reading, re-reading and removing is there a fault', async () => {
  const { user, collection, pumps, bees } = await furnish();
  await house.add(user, collection, { 'new.txt': prose('newcomer') });
  await reindex(house.db, house.queue, user, [pumps.id]);
  await removeDocument(house.db, house.queue, bees.id);
  const other = await house.addCollection(user);
  await house.add(user, other, { 'doomed.txt': prose('doom') });
  let steps = 0;
  for (
    let job = await house.queue.take(ALL_KINDS);
    job !== undefined;
    job = await house.queue.take(ALL_KINDS)
  ) {
    expect(await names()).toEqual([]);
    await house.handlers[job.kind].run(job, job.signal);
    await job.complete();
    if (++steps === 6) await removeCollection(house.db, house.queue, other);
  }
  expect(steps).toBeGreaterThan(8);
  expect(await names()).toEqual([]);
});

interface Damage {
  readonly name: string;
  do(furnished: Furnished): unknown;
  readonly found: readonly string[];
}

const DAMAGES: readonly Damage[] = [
  {
    name: 'a passage without a vector',
    do: ({ no, pumps }) => run('delete from vectors where key = ?', chunkKey(no, pumps.first_ordinal + 1)),
    found: ['vector-missing'],
  },
  {
    name: 'vectors without a passage',
    do: () => run('insert into vectors (key, data) values (?, ?)', chunkKey(77, 5), Buffer.alloc(32)),
    found: ['vector-unknown'],
  },
  {
    name: 'a passage that is lost',
    do: ({ no, pumps }) => run('delete from chunks where key = ?', chunkKey(no, pumps.first_ordinal)),
    found: ['document-passages', 'vector-unknown', 'words-unknown'],
  },
  {
    name: 'a word that is lost',
    do: () => run(`delete from postings where term = 'friend'`),
    found: ['words-differ'],
  },
  {
    name: 'a word of nobody',
    do: ({ no }) =>
      run('insert into postings values (?, 3, ?, ?)', no, 'stray', Buffer.from(Uint16Array.of(17).buffer)),
    found: ['words-unknown'],
  },
  {
    name: 'words that are counted wrong',
    do: () => run('update posting_stats set length_sum = length_sum + 1'),
    found: ['words-counted'],
  },
  {
    name: 'a page whose text is another',
    do: ({ bees }) => run(`update pages set text = 'x' || text where document_id = ?`, bees.id),
    found: ['passage-text'],
  },
  {
    name: 'pages and passages of no revision',
    do: ({ bees }) => run('update revisions set revision = 9 where document_id = ?', bees.id),
    found: ['document-range', 'page-unknown', 'passage-unknown', 'revision-unused'],
  },
  {
    name: 'a revision that waits for a purge of nobody',
    async do({ bees }) {
      await removeDocument(house.db, house.queue, bees.id);
      run(`update jobs set state = 'cancelled' where payload like '%revision%' and state = 'queued'`);
    },
    found: ['revision-unpurged'],
  },
  {
    name: 'a document that nobody reads',
    async do({ user, collection }) {
      await house.add(user, collection, { 'c.txt': prose('cat') });
      run(`delete from jobs where state = 'queued'`);
    },
    found: ['document-waiting', 'item-waiting'],
  },
  {
    name: 'a job and a task that follow a document that is gone',
    async do({ user, collection }) {
      const { documents } = await house.add(user, collection, { 'c.txt': prose('cat') });
      run('update collections set document_count = document_count - 1');
      run('delete from documents where id = ?', documents[0]?.row.id);
      await house.files.remove(documents[0]?.row.storage_key as string);
    },
    found: ['job-without-document'],
  },
  {
    name: 'a task that is never over',
    do: () => run('update tasks set finished_at = null'),
    found: ['task-open'],
  },
  {
    name: 'sums that are wrong',
    do: () => run('update collections set document_count = 7, next_ordinal = 1'),
    found: ['collection-count', 'collection-ordinals'],
  },
  {
    name: 'tags that filters do not know',
    do: ({ bees }) => run('delete from document_tags where document_id = ?', bees.id),
    found: ['document-tags'],
  },
  {
    name: 'a file that no document uses',
    do: () => house.files.put(Readable.from([Buffer.from('left by a crash')]), 100),
    found: ['file-unknown'],
  },
  {
    name: 'a range that is noted as being purged',
    do: ({ no }) =>
      run(
        'insert into tombstones (collection_no, first_ordinal, ordinal_count, purged) values (?, 900, 5, 0)',
        no,
      ),
    found: ['tombstone-unpurged'],
  },
  {
    name: 'usage of an account that is gone',
    do: () =>
      run(`insert into usage (user_id, day, model, kind) values (?, '2026-01-01', 'm', 'answer')`, newId()),
    found: ['usage-without-user'],
  },
];

describe('what is broken is found and mended', () => {
  test.each(DAMAGES)('$name', async (damage) => {
    const furnished = await furnish();
    await damage.do(furnished);
    const { faults } = await check();
    expect(faults.map((fault) => fault.check).sort()).toEqual(damage.found);
    await mendInstallation(house, faults);
    await house.settle();
    // what a purge leaves of words that were never its own shows now
    await mendInstallation(house, (await check()).faults);
    await house.settle();
    expect(await names()).toEqual([]);
    await expectIndexAtRest(house);
  });
});

test('originals that are lost or changed are named, and left to people', async () => {
  const { pumps, bees } = await furnish();
  const pathOf = (key: string) => {
    const name = house.storedFiles().find((file) => file.endsWith(key));
    return join(house.dir, 'files', name as string);
  };
  rmSync(pathOf(pumps.storage_key));
  const path = pathOf(bees.storage_key);
  writeFileSync(path, readFileSync(path, 'utf8').replace('bee', 'bug'));
  const { faults } = await check();
  expect(faults).toMatchObject([
    { check: 'file-missing', count: 1, examples: [pumps.id], repair: undefined },
    { check: 'file-changed', count: 1, examples: [bees.id], repair: undefined },
  ]);
});

test('a file that was put a moment ago may belong to an upload and is left alone', async () => {
  await furnish();
  await house.files.put(Readable.from([Buffer.from('coming in')]), 100);
  expect((await check({ uploadsMs: 60_000 })).faults).toEqual([]);
  expect((await check()).faults).toMatchObject([{ check: 'file-unknown', count: 1 }]);
});

test('a damaged database is told, and nothing else is believed', async () => {
  await furnish();
  run('pragma foreign_keys = off');
  run(`insert into document_tags values ('nobody', 'nowhere', 'x')`);
  expect(await check()).toMatchObject({
    checked: { files: 0, passages: 0 },
    faults: [{ check: 'database', examples: [expect.stringContaining('document_tags')] }],
  });
});
