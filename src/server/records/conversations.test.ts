import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  addCollection,
  addDocument,
  addUser,
  DIALECTS,
  newStore,
  type TestStore,
} from '../../../test/support/stores.ts';
import { appendExchange, createConversation, listConversations } from './conversations.ts';
import { countOwn, recentQuestions } from './dashboard.ts';
import { listDocumentCitations } from './document-citations.ts';

describe.each(DIALECTS)('conversations on %s', (dialect) => {
  let store: TestStore;
  beforeEach(async () => {
    store = await newStore(dialect);
    for (const user of ['u-ann', 'u-bob']) await addUser(store, user);
  });
  afterEach(() => store.close());

  const citation = {
    marker: 1,
    documentId: 'd',
    title: 'T',
    page: 1,
    start: 0,
    end: 4,
    quote: 'text',
  };
  const exchange = async (userId: string, question: string, answer: string, citations: unknown[] = []) => {
    const { id } = await createConversation(store.db, userId);
    await appendExchange(store.db, {
      userId,
      conversationId: id,
      question,
      answer: { answer, answered: true, citations: citations as never, sources: [], model: 'm' },
    });
    return id;
  };
  const found = async (user: string, q: string) =>
    (await listConversations(store.db, user, { limit: 10, q })).items;

  test.each([
    ['gasket', true],
    ['GASK', true],
    ['resume', true],
    ['Résumé', true],
    ['path', true],
    ['gasket pressure', true],
    ['gasket nothing', false],
    ['ασκητης', true],
    ['asket', false],
    ["o'brien", true],
    ['договор', true],
  ])('are found by words of their messages: %j', async (q, expected) => {
    const own = await exchange(
      'u-ann',
      "What of O'Brien's résumé?",
      'The Gasket at https://example.org/path/file holds the pressure. Ασκητης. Договоры.',
    );
    await exchange('u-bob', 'gasket résumé path pressure', "ασκητης o'brien договор");
    const items = await found('u-ann', q);
    expect(items.map(({ id }) => id)).toEqual(expected ? [own] : []);
  });

  test('show the words around what was found', async () => {
    await exchange('u-ann', 'Q', `${'before '.repeat(50)}the Gásket holds ${'after '.repeat(50)}`);
    const [item] = await found('u-ann', 'gasket');
    expect(item?.snippet).toMatch(/^…(?:before )+the Gásket holds (?:after ?)+…$/);
  });

  test('are counted, their latest questions and citations listed', async () => {
    await addCollection(store, 'c', 'u-ann');
    await addDocument(store, { id: 'd', collection_id: 'c', owner_id: 'u-ann' });
    for (let n = 0; n < 12; n++) await exchange('u-ann', `Question ${n}`, 'A', n === 3 ? [citation] : []);
    expect(await countOwn(store.db, 'u-ann')).toMatchObject({
      collections: 1,
      conversations: 12,
      documents: { total: 1, ready: 1 },
    });
    const recent = await recentQuestions(store.db, 'u-ann');
    expect(recent).toHaveLength(10);
    expect(recent.every(({ answered }) => answered === true)).toBe(true);
    expect(await listDocumentCitations(store.db, 'u-ann', 'd', { limit: 5 })).toMatchObject({
      total: 1,
      items: [{ question: 'Question 3', marker: 1, quote: 'text' }],
    });
  });
});
