import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AnsweringHouse, openAnsweringHouse } from '../../../test/support/answering-house.ts';
import { createFakeEmbedder, type FakeEmbedder } from '../../../test/support/fake-embedder.ts';
import type { SearchRequest } from '../../contract/search.ts';
import { AppError, UpstreamError } from '../errors.ts';
import { readPage } from '../records/pages.ts';
import { removeDocument } from '../records/removal.ts';

let embedder: FakeEmbedder;
let house: AnsweringHouse;
let short = false;
beforeAll(async () => {
  embedder = createFakeEmbedder();
  house = await openAnsweringHouse(embedder, {
    admit() {
      if (short) throw new AppError('OVERLOADED', 'no memory');
    },
  });
});
afterAll(() => house.close());
beforeEach(() => {
  embedder.failure = undefined;
  Object.assign(house.calls, { vectors: 0, texts: 0, embeds: 0 });
});

const LIGHTHOUSE = `# The lighthouse of Veldran

The lighthouse of Veldran was built in 1823 by the engineer Ottilie Marsh. It stands on a cliff of red sandstone.

Its lamp burned whale oil until 1911. The keeper climbs 214 steps every evening.`;
const BAKERY = `# Marlow's bakery

The bakery of Marlow sells rye bread on Tuesdays. Its oven was rebuilt after the flood.`;

test('a question is answered with sentences word for word, marked and cited', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE, 'bakery.txt': BAKERY });
  const answer = await house.ask(userId, 'Who built the lighthouse of Veldran?');
  expect(answer).toMatchObject({ answered: true, cached: false, model: 'extractive' });
  expect(answer.answer).toContain('built in 1823 by the engineer Ottilie Marsh. [1]');
  expect(answer.citations[0]).toMatchObject({
    marker: 1,
    page: 1,
    quote: 'The lighthouse of Veldran was built in 1823 by the engineer Ottilie Marsh.',
    supported: true,
  });
  expect(answer.sources[0]?.documentId).toBe(answer.citations[0]?.documentId);
});

test('events come in order: sources, then each statement with its citation, then the whole', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE });
  const events = await house.events(userId, 'Who built the lighthouse of Veldran?');
  const types = events.map(({ type }) => type);
  expect(types[0]).toBe('sources');
  expect(types.slice(1, 3)).toEqual(['token', 'citation']);
  expect(types.at(-1)).toBe('done');
  const done = events.at(-1);
  const text = events.flatMap((event) => (event.type === 'token' ? [event.text] : [])).join('');
  expect(done?.type === 'done' && done.answer.answer).toBe(text);
  const again = await house.events(userId, 'Who built the lighthouse of Veldran?');
  expect(again.map(({ type }) => type)).toEqual(types);
});

test('every quote is the slice of its page', async () => {
  const random = randomNumbers(7);
  const word = () =>
    'alpha beta gamma delta Zürich 東京都 naïve 😀 co-op 3.14 „so“'.split(' ')[
      Math.floor(random() * 11)
    ] as string;
  const sentence = () =>
    `The ${Array.from({ length: 3 + Math.floor(random() * 12) }, word).join(random() < 0.1 ? '\n' : ' ')} ends.`;
  const documents = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => {
      const pages = Array.from({ length: 1 + (i % 3) }, () =>
        Array.from({ length: 20 }, () =>
          Array.from({ length: 1 + Math.floor(random() * 5) }, sentence).join(' '),
        ).join('\n\n'),
      );
      return [`made-${i}.txt`, pages.join('\f')];
    }),
  );
  const { userId } = await house.userWith(documents);
  let checked = 0;
  for (let i = 0; i < 25; i++) {
    const { citations, sources } = await house.ask(userId, `${word()} ${word()} ${word()} ${i}`);
    for (const place of [...citations, ...sources.map((hit) => ({ ...hit, quote: hit.text }))]) {
      const page = await readPage(
        house.ingest.db,
        place.documentId,
        (await house.ingest.document(place.documentId)).revision,
        place.page,
      );
      expect(page?.slice(place.start, place.end)).toBe(place.quote);
      checked++;
    }
  }
  expect(checked).toBeGreaterThan(100);
});

test('a question about something else is refused, in words', async () => {
  const { userId } = await house.userWith({ 'bakery.txt': BAKERY });
  const answer = await house.ask(userId, 'How deep is the Mariana trench?');
  expect(answer).toMatchObject({ answered: false, citations: [] });
  expect(answer.answer).toMatch(/documents/);
});

test('without a document the answer is a refusal', async () => {
  const userId = await house.ingest.addUser();
  expect(await house.ask(userId, 'Is anybody there?')).toMatchObject({
    answered: false,
    sources: [],
    citations: [],
  });
  expect((await house.search(userId, 'anybody')).hits).toEqual([]);
});

test('nobody finds what belongs to others, whatever they ask for', async () => {
  const mine = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE });
  const theirs = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE, 'bakery.txt': BAKERY });
  for (const mode of ['hybrid', 'vector', 'keyword'] as const) {
    const { hits } = await house.search(mine.userId, 'lighthouse of Veldran rye bread', { mode, limit: 100 });
    expect(new Set(hits.map(({ documentId }) => documentId))).toEqual(new Set(mine.documentIds));
  }
  const narrowed = (filters: object) => house.search(mine.userId, 'bread', { filters });
  await expect(narrowed({ collectionIds: [theirs.collectionId] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(narrowed({ documentIds: [theirs.documentIds[0] as string] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  await expect(
    house.ask(mine.userId, 'Who sells bread?', { collectionId: theirs.collectionId }),
  ).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('an answer kept for one user is not given to another', async () => {
  const first = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE });
  const second = await house.userWith({ 'bakery.txt': BAKERY });
  const question = 'Who built the lighthouse of Veldran?';
  expect((await house.ask(first.userId, question)).answered).toBe(true);
  const other = await house.ask(second.userId, question);
  expect(other).toMatchObject({ cached: false, answered: false });
  expect(other.sources.every(({ documentId }) => second.documentIds.includes(documentId))).toBe(true);
});

test('a member finds what was shared, and no longer once it is not', async () => {
  const owner = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE });
  const memberId = await house.ingest.addUser();
  const found = async () => (await house.search(memberId, 'lighthouse keeper')).hits.length;
  expect(await found()).toBe(0);
  const member = { collection_id: owner.collectionId, user_id: memberId };
  await house.ingest.db
    .insertInto('collection_members')
    .values({ ...member, role: 'viewer', created_at: '2026-01-01T00:00:00.000Z' })
    .execute();
  expect(await found()).toBeGreaterThan(0);
  await house.ingest.db.deleteFrom('collection_members').where('user_id', '=', memberId).execute();
  expect(await found()).toBe(0);
});

test('a deleted document is never cited, not even from what was kept', async () => {
  const { userId, documentIds } = await house.userWith({
    'lighthouse.txt': LIGHTHOUSE,
    'bakery.txt': BAKERY,
  });
  const question = 'Who built the lighthouse of Veldran?';
  expect((await house.ask(userId, question)).answered).toBe(true);
  expect((await house.ask(userId, question)).cached).toBe(true);
  expect((await house.search(userId, question)).hits.length).toBeGreaterThan(0);
  await removeDocument(house.ingest.db, house.ingest.queue, documentIds[0] as string);
  const answer = await house.ask(userId, question);
  expect(answer).toMatchObject({ cached: false, answered: false });
  expect(answer.sources.map(({ documentId }) => documentId)).not.toContain(documentIds[0]);
  const { hits, cached } = await house.search(userId, question);
  expect(cached).toBe(false);
  expect(hits.map(({ documentId }) => documentId)).not.toContain(documentIds[0]);
  await house.ingest.settle();
  expect(
    (await house.search(userId, 'lighthouse lamp oil')).hits.map(({ documentId }) => documentId),
  ).not.toContain(documentIds[0]);
});

test('what is asked again is answered without an index or a model', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE });
  await house.search(userId, 'whale oil lamp');
  await house.ask(userId, 'What did the lamp burn?');
  const before = { ...house.calls };
  expect(before).toMatchObject({ vectors: 2, texts: 2 });
  const search = await house.search(userId, '  Whale oil LAMP? '.replace('LAMP', 'lamp'));
  expect(search.cached).toBe(true);
  const first = await house.ask(userId, 'what did the lamp burn');
  const second = await house.ask(userId, 'What did the lamp burn?');
  expect([first.cached, second.cached]).toEqual([true, true]);
  expect(first.id).not.toBe(second.id);
  expect(house.calls).toEqual(before);
});

test('while nothing new may be worked out, what is kept is still answered and searches go on', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE });
  await house.ask(userId, 'What did the lamp burn?');
  const before = { ...house.calls };
  short = true;
  try {
    expect(await house.ask(userId, 'What did the lamp burn?')).toMatchObject({ cached: true });
    await expect(house.ask(userId, 'Who built the lighthouse?')).rejects.toMatchObject({
      code: 'OVERLOADED',
    });
    expect(house.calls).toEqual(before);
    expect((await house.search(userId, 'lamp oil')).hits).not.toEqual([]);
  } finally {
    short = false;
  }
  expect(await house.ask(userId, 'Who built the lighthouse?')).toMatchObject({ cached: false });
});

test('vectors of questions give way when their share shrinks, and their question is embedded again', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE });
  await house.search(userId, 'red sandstone', { limit: 1 });
  await house.search(userId, 'red sandstone', { limit: 2 });
  expect(house.calls.embeds).toBe(1);
  expect(house.answering.vectorCache.kept()).toMatchObject({ bytes: expect.any(Number) });
  house.answering.vectorCache.limitTo(0);
  expect(house.answering.vectorCache.kept()).toEqual({ entries: 0, bytes: 0 });
  await house.search(userId, 'red sandstone', { limit: 3 });
  expect([house.calls.embeds, house.answering.vectorCache.kept().entries]).toEqual([2, 0]);
  house.answering.vectorCache.limitTo(1);
  await house.search(userId, 'red sandstone', { limit: 4 });
  expect([house.calls.embeds, house.answering.vectorCache.kept().entries]).toEqual([3, 1]);
});

test('other limits, modes and filters are other searches', async () => {
  const { userId, documentIds } = await house.userWith({
    'lighthouse.txt': LIGHTHOUSE,
    'bakery.txt': BAKERY,
  });
  const variants: Partial<SearchRequest>[] = [
    {},
    { limit: 1 },
    { mode: 'keyword' },
    { mode: 'vector' },
    { filters: { documentIds: [documentIds[1] as string] } },
  ];
  for (const more of variants)
    expect((await house.search(userId, 'oven of the bakery', more)).cached).toBe(false);
  for (const more of variants)
    expect((await house.search(userId, 'oven of the bakery', more)).cached).toBe(true);
});

test('a filter is applied before ranking', async () => {
  const { userId, documentIds } = await house.userWith({
    'lighthouse.txt': LIGHTHOUSE,
    'bakery.txt': BAKERY,
  });
  const { hits } = await house.search(userId, 'lighthouse of Veldran', {
    filters: { documentIds: [documentIds[1] as string] },
  });
  expect(hits.length).toBeGreaterThan(0);
  expect(hits.every(({ documentId }) => documentId === documentIds[1])).toBe(true);
});

test('equal questions at once are worked once', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE });
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => house.ask(userId, 'How many steps does the keeper climb?')),
  );
  expect(house.calls).toMatchObject({ vectors: 1, texts: 1 });
  expect(new Set(answers.map(({ answer }) => answer)).size).toBe(1);
  expect(new Set(answers.map(({ id }) => id)).size).toBe(5);
});

test('while vectors are missing, words alone find', async () => {
  const userId = await house.ingest.addUser();
  const collectionId = await house.ingest.addCollection(userId);
  embedder.failure = new UpstreamError('embedder', 'away', { retryable: true });
  // a text that stands elsewhere already would take its vector from there
  await house.ingest.add(userId, collectionId, {
    'lighthouse.txt': `${LIGHTHOUSE} Nobody else has read this.`,
  });
  const runner = house.ingest.run();
  for (;;) {
    const row = await house.ingest.db
      .selectFrom('documents')
      .select('status')
      .where('collection_id', '=', collectionId)
      .executeTakeFirstOrThrow();
    if (row.status === 'embedding') break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await runner.stop(5000);
  const without = await house.search(userId, 'Veldran whale oil');
  expect(without.hits[0]?.scores).toEqual({ keyword: expect.any(Number) });
  const answer = await house.ask(userId, 'Who built the lighthouse of Veldran?');
  expect(answer.answered).toBe(true);
  await expect(house.search(userId, 'Veldran whale oil', { mode: 'vector' })).rejects.toBeInstanceOf(
    UpstreamError,
  );

  embedder.failure = undefined;
  house.ingest.pass(3_600_000);
  await house.ingest.settle();
  const withVectors = await house.search(userId, 'Veldran whale oil');
  expect(withVectors.cached).toBe(false);
  expect(withVectors.hits[0]?.scores).toEqual({ keyword: expect.any(Number), vector: expect.any(Number) });
});

test('vectors that go away between two looks leave what words find, which is not kept', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE });
  house.faults.score = new UpstreamError('vectors', 'away', { retryable: true });
  const without = await house.search(userId, 'Veldran whale oil');
  const answer = await house.ask(userId, 'Who built the lighthouse of Veldran?');
  delete house.faults.score;
  expect(without).toMatchObject({ degraded: 'vectors', hits: [{ scores: { keyword: expect.any(Number) } }] });
  expect(answer).toMatchObject({ degraded: 'vectors', answered: true });
  const withVectors = await house.search(userId, 'Veldran whale oil');
  expect(withVectors.cached).toBe(false);
  expect(withVectors.degraded).toBeUndefined();
  const again = await house.ask(userId, 'Who built the lighthouse of Veldran?');
  expect(again.cached).toBe(false);
});

test('whoever leaves stops the work', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': LIGHTHOUSE });
  const before = embedder.embedded.length;
  const leaving = new AbortController();
  const asked = house.ask(userId, 'Which stone is the cliff made of?', {}, leaving.signal);
  leaving.abort();
  await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(embedder.embedded.length).toBe(before);
  expect((await house.ask(userId, 'Which stone is the cliff made of?')).cached).toBe(false);
});

test('quoted words are looked for as they stand', async () => {
  const { userId, documentIds } = await house.userWith({
    'a.txt': 'The red tower of the north. A tower, a tower, and red again: red red tower.',
    'b.txt': 'Somebody painted the red tower again in spring, and nobody knows why.',
  });
  const { hits } = await house.search(userId, '"red tower again"');
  expect(hits[0]?.documentId).toBe(documentIds[1]);
});

test('an unknown model is refused', async () => {
  const userId = await house.ingest.addUser();
  await expect(house.ask(userId, 'Is anybody there?', { model: 'gpt-0' })).rejects.toMatchObject({
    code: 'VALIDATION',
  });
});

/** Deterministic, in [0, 1) (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
