import { afterEach, expect, test } from 'vitest';
import { expectIndexAtRest } from '../../../test/support/index-at-rest.ts';
import {
  ALL_KINDS,
  fakeEmbedder,
  type IngestHouse,
  inParts,
  openIngestHouse,
  plainParser,
} from '../../../test/support/ingest-house.ts';
import { AppError, UpstreamError } from '../errors.ts';
import type { LeasedJob } from '../ports/job-queue.ts';
import { VECTOR_SPACE } from '../ports/vector-space.ts';
import { reindex } from '../records/intake.ts';
import { removeDocument } from '../records/removal.ts';
import { cancelTask, readTask } from '../records/tasks.ts';

const houses: IngestHouse[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});
async function open(options?: Parameters<typeof openIngestHouse>[0]) {
  const house = await openIngestHouse(options);
  houses.push(house);
  const user = await house.addUser();
  return { house, user, collection: await house.addCollection(user) };
}
const prose = (words: number, word = 'apple') =>
  Array.from(
    { length: Math.ceil(words / 10) },
    (_, i) => `Number ${i} is about the ${word} and its many friends.`,
  ).join(' ');
const manual = `# Manual\n\nIntroduction to pumps.\n\n## Safety\n\n${prose(600, 'valve')}\f## Repair\n\n${prose(300, 'gasket')}`;
const terms = (house: IngestHouse) =>
  new Set(
    (house.raw.prepare('select distinct term from postings').all() as { term: string }[]).map(
      ({ term }) => term,
    ),
  );

/** Takes one job and runs it by hand, as far as `until` lets it. */
async function takeOne(house: IngestHouse): Promise<LeasedJob> {
  const job = await house.queue.take(ALL_KINDS);
  expect(job).toBeDefined();
  return job as LeasedJob;
}
const runOne = async (house: IngestHouse): Promise<LeasedJob> => {
  const job = await takeOne(house);
  await house.handlers[job.kind].run(job, job.signal);
  await job.complete();
  return job;
};

test('a document is read, found by keyword while it waits for its vectors, then ready', async () => {
  const { house, user, collection } = await open();
  const { taskId, documents } = await house.add(user, collection, { 'pump manual.txt': manual });
  const id = documents[0]?.row.id as string;
  expect(documents[0]?.row).toMatchObject({ status: 'queued', title: 'pump manual' });
  expect(await readTask(house.db, taskId as string, user)).toMatchObject({
    status: 'queued',
    items: [{ stage: 'queued', percent: 0 }],
  });

  expect((await runOne(house)).kind).toBe('ingest');
  const embedding = await house.document(id);
  expect(embedding).toMatchObject({
    status: 'embedding',
    title: 'Manual',
    mime_type: 'text/plain',
    page_count: 2,
    language: 'en',
  });
  expect(embedding.chunk_count).toBeGreaterThan(4);
  expect(embedding.token_count).toBeGreaterThan(900);
  expect(terms(house)).toContain('gasket');
  expect(house.embedder).toMatchObject({ texts: [] });
  expect(await readTask(house.db, taskId as string, user)).toMatchObject({
    status: 'processing',
    items: [{ stage: 'embedding', percent: 30 }],
  });
  const found = await house.generation(collection);
  expect(found).toBeGreaterThanOrEqual(2);

  expect((await runOne(house)).kind).toBe('embed');
  const ready = await house.document(id);
  expect(ready).toMatchObject({ status: 'ready', error_code: null, token_count: embedding.token_count });
  expect(ready.ready_at).not.toBeNull();
  expect(await house.generation(collection)).toBeGreaterThan(found);
  expect(await readTask(house.db, taskId as string, user)).toMatchObject({
    status: 'completed',
    progress: { done: 1, failed: 0, total: 1 },
    items: [{ stage: 'done', percent: 100, status: 'completed' }],
  });
  await expectIndexAtRest(house);
});

test('vectors belong to the text with its title and headings in front', async () => {
  const embedder = fakeEmbedder();
  const { house, user, collection } = await open({ embedder });
  await house.add(user, collection, { 'a.txt': manual }, { title: 'Pump X' });
  await house.settle();
  expect(embedder.texts[0]).toBe('Pump X\n# Manual\n\nIntroduction to pumps.');
  expect(embedder.texts[2]).toMatch(/^Pump X › # Manual › ## Safety\nNumber \d+ is about the valve/);
});

test('a given title stays, a title of the file name gives way to the document own', async () => {
  const { house, user, collection } = await open();
  await house.add(user, collection, { 'a.txt': '# Inside\n\nText one.' }, { title: 'Given' });
  await house.add(user, collection, { 'b.txt': '# Inside\n\nText two.' });
  await house.add(user, collection, { 'c.txt': 'Text three without heading.' });
  await house.settle();
  const rows = await house.db.selectFrom('documents').select('title').orderBy('id').execute();
  expect(rows.map(({ title }) => title)).toEqual(['Given', 'Inside', 'c']);
  await expectIndexAtRest(house);
});

test('many documents at once, in two collections, leave one whole index', async () => {
  const { house, user, collection } = await open();
  const other = await house.addCollection(user);
  const texts = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`${i}.txt`, `# Doc ${i}\n\n${prose(200 + 150 * i, `word${i}`)}`]),
  );
  const { taskId } = await house.add(user, collection, texts);
  await house.add(user, other, texts);
  await house.settle(3);
  expect(await readTask(house.db, taskId as string, user)).toMatchObject({
    status: 'completed',
    progress: { done: 12, failed: 0, total: 12 },
  });
  await expectIndexAtRest(house);
});

test('a text that any document has a vector for is not embedded again', async () => {
  const embedder = fakeEmbedder();
  const { house, user, collection } = await open({ embedder });
  await house.add(user, collection, { 'a.txt': manual });
  await house.settle();
  const count = embedder.texts.length;
  expect(new Set(embedder.texts).size).toBe(count);
  await house.add(user, await house.addCollection(user), { 'a.txt': manual });
  await house.settle();
  expect(embedder.texts.length).toBe(count);
  await expectIndexAtRest(house);
});

test('ingest gives way after every step, and stands still while it must', async () => {
  const steps: number[] = [];
  let go = () => {};
  let holding = false;
  const { house, user, collection } = await open({
    async giveWay(workedMs) {
      steps.push(workedMs);
      if (holding) {
        const { promise, resolve } = Promise.withResolvers<void>();
        go = resolve;
        await promise;
      }
    },
  });
  const embedded = () => (house.raw.prepare('select count(*) as n from vectors').get() as { n: number }).n;
  await house.add(user, collection, { 'manual.txt': manual });
  holding = true;
  const settled = house.settle();
  let given = 0;
  while ((await house.queue.depth()).running + (await house.queue.depth()).queued > 0) {
    await new Promise((resolve) => setImmediate(resolve));
    if (steps.length === given) continue;
    given = steps.length;
    const before = embedded();
    await new Promise((resolve) => setImmediate(resolve));
    expect(embedded()).toBe(before);
    go();
  }
  await settled;
  // pages, chunks, vectors
  expect(steps.length).toBeGreaterThanOrEqual(3);
  expect(steps.every((ms) => ms > 0)).toBe(true);
});

test('a broken file fails with the reason of its reader, and not its batch', async () => {
  const { house, user, collection } = await open();
  const { taskId, documents } = await house.add(user, collection, {
    'bad.txt': 'BROKEN',
    'good.txt': 'A good text.',
    'empty.txt': ' \n ',
  });
  await house.settle();
  expect(await house.document(documents[0]?.row.id as string)).toMatchObject({
    status: 'failed',
    error_code: 'FILE_BROKEN',
    error_detail: 'The file is damaged.',
  });
  expect(await house.document(documents[2]?.row.id as string)).toMatchObject({
    status: 'failed',
    error_code: 'FILE_EMPTY',
  });
  const task = await readTask(house.db, taskId as string, user);
  expect(task).toMatchObject({ status: 'partial', progress: { done: 1, failed: 2, total: 3 } });
  expect(task?.items[0]).toMatchObject({
    status: 'failed',
    error: { type: 'urn:ka:error:file-broken', detail: 'The file is damaged.' },
  });
  await expectIndexAtRest(house);
});

test('a job that died while reading starts over, and the first try leaves nothing', async () => {
  const { house, user, collection } = await open();
  const { documents } = await house.add(user, collection, { 'a.txt': manual });
  const id = documents[0]?.row.id as string;
  const job = await takeOne(house);
  const { texts } = house;
  const add = texts.add;
  let adds = 0;
  texts.add = async (...call) => {
    if (adds++ === 1) throw new Error('the process dies here');
    await add.apply(texts, call);
  };
  const small = await house.add(user, collection, { 'big.txt': prose(60_000, 'pear') });
  const bigJob = await takeOne(house);
  await expect(house.handlers.ingest.run(bigJob, bigJob.signal)).rejects.toThrow('dies here');
  const bigId = small.documents[0]?.row.id as string;
  expect(await house.document(bigId)).toMatchObject({ status: 'parsing' });
  expect(terms(house)).toContain('pear');
  texts.add = add;
  await job.release();
  await bigJob.release();
  await house.settle();
  expect(await house.document(id)).toMatchObject({ status: 'ready' });
  expect(await house.document(bigId)).toMatchObject({ status: 'ready', revision: 2 });
  await expectIndexAtRest(house);
});

test('a job that died while embedding embeds only what has no vector', async () => {
  const embedder = fakeEmbedder();
  const { house, user, collection } = await open({ embedder });
  const { documents } = await house.add(user, collection, { 'a.txt': prose(5_000) });
  await runOne(house);
  let calls = 0;
  embedder.before = async () => {
    if (calls++ === 3) throw new Error('the process dies here');
  };
  const job = await takeOne(house);
  await expect(house.handlers.embed.run(job, job.signal)).rejects.toThrow('dies here');
  expect(embedder.texts.length).toBe(12);
  await job.release();
  await house.settle();
  const { chunk_count } = await house.document(documents[0]?.row.id as string);
  expect(embedder.texts.length).toBe(chunk_count);
  await expectIndexAtRest(house);
});

test('a vector of a model that is not searched any more is never stored', async () => {
  const embedder = fakeEmbedder();
  const { house, user, collection } = await open({ embedder });
  const { documents } = await house.add(user, collection, { 'a.txt': manual });
  await runOne(house);
  await house.db.insertInto('settings').values({ name: VECTOR_SPACE, value: 'fake/2' }).execute();
  const job = await takeOne(house);
  await expect(house.handlers.embed.run(job, job.signal)).rejects.toMatchObject({ retryable: true });
  await job.release();
  expect(await house.db.selectFrom('vectors').select('key').execute()).toEqual([]);
  embedder.fingerprint = 'fake/2';
  await house.settle();
  expect(await house.document(documents[0]?.row.id as string)).toMatchObject({
    status: 'ready',
    revision: 1,
  });
  await expectIndexAtRest(house);
});

test('an embedder that is away leaves the document found by keyword, says why, and is tried until it is back', async () => {
  const embedder = fakeEmbedder();
  const { house, user, collection } = await open({ embedder });
  embedder.before = async () => {
    throw new UpstreamError('embeddings', 'no key', { retryable: false });
  };
  const { taskId, documents } = await house.add(user, collection, { 'a.txt': manual });
  const runner = house.run(1);
  for (let tries = 0; tries < 12; ) {
    const waiting = await house.db
      .selectFrom('jobs')
      .selectAll()
      .where('kind', '=', 'embed')
      .where('state', '=', 'queued')
      .executeTakeFirst();
    if (waiting && waiting.attempt > tries) {
      tries = waiting.attempt;
      house.pass(400_000);
      house.events.publish('jobs', 'due');
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await house.document(documents[0]?.row.id as string)).toMatchObject({ status: 'embedding' });
  expect(terms(house)).toContain('gasket');
  const task = await readTask(house.db, taskId as string, user);
  expect(task).toMatchObject({
    status: 'processing',
    items: [{ stage: 'embedding', error: { type: 'urn:ka:error:upstream-unavailable' } }],
  });
  embedder.before = async () => {};
  house.pass(400_000);
  await runner.stop(1_000);
  await house.settle();
  expect((await readTask(house.db, taskId as string, user))?.items[0]).not.toHaveProperty('error');
  await expectIndexAtRest(house);
});

test('a reader that keeps failing fails the document after the last try, without telling internals', async () => {
  const parser = plainParser();
  parser.parse = () => {
    throw new Error('ENOENT /secret/path');
  };
  const { house, user, collection } = await open({ parser });
  const { documents } = await house.add(user, collection, { 'a.txt': 'Some text.' });
  const id = documents[0]?.row.id as string;
  const finals: unknown[] = [];
  const runner = house.run(1, (_job, error) => finals.push(error));
  while ((await house.document(id)).status !== 'failed') {
    house.pass(400_000);
    house.events.publish('jobs', 'due');
    await new Promise((resolve) => setImmediate(resolve));
  }
  await runner.stop(1_000);
  expect(finals.length).toBe(8);
  const { error_code, error_detail } = await house.document(id);
  expect(error_code).toBe('INTERNAL');
  expect(error_detail).not.toContain('secret');
  await expectIndexAtRest(house);
});

test('a document removed while it is read or embedded leaves nothing', async () => {
  const embedder = fakeEmbedder();
  const { house, user, collection } = await open({ embedder });
  const { documents } = await house.add(user, collection, { 'a.txt': manual, 'b.txt': prose(2_000) });
  const [a, b] = documents.map(({ row }) => row.id) as [string, string];
  const { texts } = house;
  const add = texts.add;
  texts.add = async (...call) => {
    await add.apply(texts, call);
    texts.add = add;
    setImmediate(() => void removeDocument(house.db, house.queue, a));
  };
  embedder.before = async () => {
    embedder.before = async () => {};
    await removeDocument(house.db, house.queue, b);
  };
  await house.settle(1);
  expect(await house.db.selectFrom('documents').selectAll().execute()).toEqual([]);
  expect(terms(house).size).toBe(0);
  await expectIndexAtRest(house);
});

test('a task that is cancelled stops at once; what was finished stays', async () => {
  const embedder = fakeEmbedder();
  const { house, user, collection } = await open({ embedder });
  const { taskId, documents } = await house.add(user, collection, {
    'a.txt': 'Short text.',
    'b.txt': prose(5_000),
    'c.txt': manual,
  });
  const ids = documents.map(({ row }) => row.id);
  embedder.before = async (_texts, signal) => {
    if ((await house.document(ids[0] as string)).status !== 'ready') return;
    embedder.before = async () => {};
    const aborted = new Promise((resolve) => signal?.addEventListener('abort', resolve));
    await cancelTask(house.db, house.queue, house.events, taskId as string);
    await aborted;
  };
  await house.settle();
  const task = await readTask(house.db, taskId as string, user);
  expect(task).toMatchObject({ status: 'partial', progress: { done: 1, failed: 2, total: 3 } });
  expect(task?.items.map(({ status }) => status)).toEqual(['completed', 'cancelled', 'cancelled']);
  for (const id of ids.slice(1))
    expect(await house.document(id)).toMatchObject({
      status: 'failed',
      error_code: 'CANCELLED',
      chunk_count: 0,
    });
  await expectIndexAtRest(house);
});

test('a re-index serves the old revision until the new one is complete, then switches', async () => {
  const { house, user, collection } = await open();
  const { documents } = await house.add(user, collection, { 'a.txt': manual });
  const id = documents[0]?.row.id as string;
  await house.settle();
  const before = await house.document(id);
  const taskId = await reindex(house.db, house.queue, user, [id]);
  await runOne(house);
  expect(await house.document(id)).toMatchObject({
    status: 'ready',
    revision: before.revision,
    first_ordinal: before.first_ordinal,
    chunk_count: before.chunk_count,
    build_revision: 2,
  });
  const generation = await house.generation(collection);
  await runOne(house);
  const after = await house.document(id);
  expect(after).toMatchObject({
    status: 'ready',
    revision: 2,
    chunk_count: before.chunk_count,
    page_count: before.page_count,
  });
  expect(after.first_ordinal).toBeGreaterThan(before.first_ordinal);
  expect(await house.generation(collection)).toBe(generation + 1);
  expect(await readTask(house.db, taskId, user)).toMatchObject({ kind: 'reindex', status: 'completed' });
  await house.settle();
  await expectIndexAtRest(house);
});

test('a re-index that fails or is cancelled leaves the document as it was', async () => {
  const parser = plainParser();
  const { house, user, collection } = await open({ parser });
  const { documents } = await house.add(user, collection, { 'a.txt': manual });
  const id = documents[0]?.row.id as string;
  await house.settle();
  const shown = async () => {
    const { status, revision, first_ordinal, chunk_count, error_code, token_count } =
      await house.document(id);
    return { status, revision, first_ordinal, chunk_count, error_code, token_count };
  };
  const before = await shown();

  const { parse } = parser;
  parser.parse = () => {
    throw new AppError('PARSE_TIMEOUT', 'Too slow.');
  };
  const failing = await reindex(house.db, house.queue, user, [id]);
  await house.settle();
  expect(await readTask(house.db, failing, user)).toMatchObject({
    status: 'failed',
    items: [{ error: { type: 'urn:ka:error:parse-timeout' } }],
  });
  expect(await shown()).toEqual(before);
  parser.parse = parse;

  const cancelled = await reindex(house.db, house.queue, user, [id]);
  await runOne(house);
  await cancelTask(house.db, house.queue, house.events, cancelled);
  await house.settle();
  expect(await shown()).toEqual(before);
  expect(terms(house)).toContain('gasket');
  await expectIndexAtRest(house);
});

test('a stored file that is missing fails the document, and uploading it again heals it', async () => {
  const { house, user, collection } = await open();
  const { documents } = await house.add(user, collection, { 'a.txt': manual });
  const row = documents[0]?.row;
  await house.files.remove(row?.storage_key as string);
  await house.settle();
  expect(await house.document(row?.id as string)).toMatchObject({
    status: 'failed',
    error_code: 'FILE_MISSING',
  });
  const again = await house.add(user, collection, { 'a.txt': manual });
  expect(again.documents[0]).toMatchObject({
    duplicate: true,
    taskId: again.taskId,
    row: { id: row?.id, status: 'queued' },
  });
  await house.settle();
  expect(await house.document(row?.id as string)).toMatchObject({ status: 'ready' });
  await expectIndexAtRest(house);
});

test('an upload goes before the documents of a batch', async () => {
  const { house, user, collection } = await open();
  await house.add(user, collection, { 'a.txt': 'One.', 'b.txt': 'Two.' });
  const single = await house.add(user, collection, { 'c.txt': 'Three.' });
  expect((await takeOne(house)).documentId).toBe(single.documents[0]?.row.id);
});

/** Pages with some five passages each. */
const book = (pages: number, word = 'heron') =>
  `# Book\n\n${Array.from({ length: pages }, (_, page) => prose(700, `${word}${page}`)).join('\f')}`;

async function openForParts(pagesPerPart = 2) {
  const parser = inParts(plainParser(), pagesPerPart);
  return { parser, ...(await open({ parser })) };
}

test('a document in parts becomes the same as one in one part', async () => {
  const whole = await open();
  const parts = await openForParts();
  const rows = [];
  for (const { house, user, collection } of [whole, parts]) {
    await house.add(user, collection, { 'a.txt': book(9) });
    await house.settle();
    const [document] = await house.db.selectFrom('documents').selectAll().execute();
    const { title, language, page_count, token_count, chunk_count } = document!;
    const chunks = await house.db
      .selectFrom('chunks')
      .select(['key', 'seq', 'page', 'start', 'end', 'heading_path', 'text', 'text_hash'])
      .orderBy('key')
      .execute();
    rows.push({ title, language, page_count, token_count, chunk_count, chunks });
    await expectIndexAtRest(house);
  }
  expect(rows[1]).toEqual(rows[0]);
  expect(rows[0]?.page_count).toBe(9);
});

test('the first pages are found while later ones are still read, and only they', async () => {
  const { parser, house, user, collection } = await openForParts();
  const { documents } = await house.add(user, collection, { 'a.txt': book(6) });
  const id = documents[0]?.row.id as string;
  const seen: unknown[] = [];
  parser.before = async () => {
    const { status, title, page_count, chunk_count } = await house.document(id);
    const { written } = house.raw.prepare('select count(*) as written from chunks').get() as {
      written: number;
    };
    seen.push({ status, title, page_count, allShown: chunk_count === written, some: written > 0 });
    const page = Number(page_count) - 1;
    expect(terms(house)).toContain(`heron${page}`);
    expect(terms(house)).not.toContain(`heron${page + 1}`);
  };
  await runOne(house);
  const shown = { status: 'parsing', title: 'Book', allShown: true, some: true };
  expect(seen).toEqual([
    { ...shown, page_count: 2 },
    { ...shown, page_count: 4 },
  ]);
  await house.settle();
  await expectIndexAtRest(house);
});

test('documents that are read side by side in parts get ranges that do not touch', async () => {
  const { house, user, collection } = await openForParts();
  const texts = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`${i}.txt`, book(3 + i, `w${i}x`)]));
  await house.add(user, collection, texts);
  await house.settle(3);
  await expectIndexAtRest(house);
  const rows = await house.db
    .selectFrom('documents')
    .select(['first_ordinal', 'chunk_count'])
    .orderBy('first_ordinal')
    .execute();
  for (const [i, { first_ordinal, chunk_count }] of rows.slice(0, -1).entries())
    expect(first_ordinal + chunk_count).toBeLessThanOrEqual(rows[i + 1]!.first_ordinal);
});

test('a fault late in a document takes what was found of it out again', async () => {
  const { parser, house, user, collection } = await openForParts();
  const { documents } = await house.add(user, collection, { 'a.txt': book(6) });
  parser.before = async (page) => {
    if (page === 5) throw new AppError('PARSE_TIMEOUT', 'Too slow.');
  };
  const generation = await house.generation(collection);
  await house.settle();
  expect(await house.document(documents[0]?.row.id as string)).toMatchObject({
    status: 'failed',
    error_code: 'PARSE_TIMEOUT',
    chunk_count: 0,
  });
  expect(await house.generation(collection)).toBeGreaterThan(generation);
  expect(terms(house).size).toBe(0);
  await expectIndexAtRest(house);
});

test('a job that died between two parts starts over, and the first try leaves nothing', async () => {
  const { parser, house, user, collection } = await openForParts();
  const { documents } = await house.add(user, collection, { 'a.txt': book(6) });
  parser.before = async (page) => {
    if (page === 5) throw new Error('the process dies here');
  };
  const job = await takeOne(house);
  await expect(house.handlers.ingest.run(job, job.signal)).rejects.toThrow('dies here');
  expect(terms(house)).toContain('heron3');
  parser.before = async () => {};
  await job.release();
  await house.settle();
  expect(await house.document(documents[0]?.row.id as string)).toMatchObject({
    status: 'ready',
    revision: 2,
    page_count: 6,
  });
  await expectIndexAtRest(house);
});

test('a document that is cancelled or removed between two parts is read no further and leaves nothing', async () => {
  const { parser, house, user, collection } = await openForParts(1);
  const added = await house.add(user, collection, { 'a.txt': book(6) });
  const asked: number[] = [];
  parser.before = async (page) => {
    asked.push(page);
    if (page === 3) await cancelTask(house.db, house.queue, house.events, added.taskId as string);
  };
  await house.settle();
  expect(asked.length).toBeLessThan(5);
  expect(await house.document(added.documents[0]?.row.id as string)).toMatchObject({
    status: 'failed',
    error_code: 'CANCELLED',
    chunk_count: 0,
  });
  expect(terms(house).size).toBe(0);
  await expectIndexAtRest(house);

  const removed = await house.add(user, collection, { 'b.txt': book(6, 'crane') });
  asked.length = 0;
  parser.before = async (page) => {
    asked.push(page);
    if (page === 3) await removeDocument(house.db, house.queue, removed.documents[0]?.row.id as string);
  };
  await house.settle();
  expect(asked.length).toBeLessThan(5);
  expect(terms(house).size).toBe(0);
  await expectIndexAtRest(house);
});

test('a document that outgrows the room of its first part is read again as a whole', async () => {
  const { parser, house, user, collection } = await openForParts(1);
  const parse = parser.parse;
  let readings = 0;
  parser.parse = (...call) => {
    readings += 1;
    return parse(...call);
  };
  const { documents } = await house.add(user, collection, {
    'a.txt': `A short first page.\f${prose(6_000, 'pear')}\fThe last page.`,
  });
  const other = await house.add(user, collection, { 'b.txt': 'Another text.' });
  await house.settle(1);
  const grown = await house.document(documents[0]?.row.id as string);
  expect(grown).toMatchObject({ status: 'ready', revision: 2, page_count: 3 });
  expect(grown.chunk_count).toBeGreaterThan(30);
  expect(readings).toBe(3);
  expect(await house.document(other.documents[0]?.row.id as string)).toMatchObject({ status: 'ready' });
  await expectIndexAtRest(house);
});

test('a re-index in parts shows nothing of itself until it is complete', async () => {
  const { parser, house, user, collection } = await openForParts();
  const { documents } = await house.add(user, collection, { 'a.txt': book(6) });
  const id = documents[0]?.row.id as string;
  await house.settle();
  const before = await house.document(id);
  await reindex(house.db, house.queue, user, [id]);
  let asked = 0;
  parser.before = async () => {
    asked += 1;
    const { status, revision, first_ordinal, chunk_count, page_count } = await house.document(id);
    expect({ status, revision, first_ordinal, chunk_count, page_count }).toEqual({
      status: 'ready',
      revision: before.revision,
      first_ordinal: before.first_ordinal,
      chunk_count: before.chunk_count,
      page_count: 6,
    });
  };
  await house.settle();
  expect(asked).toBe(2);
  expect(await house.document(id)).toMatchObject({ revision: 2, chunk_count: before.chunk_count });
  await expectIndexAtRest(house);
});
