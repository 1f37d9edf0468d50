import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Conversation } from '../../src/contract/conversations.ts';
import type { DocumentCitation } from '../../src/contract/documents.ts';
import { appendExchange } from '../../src/server/records/conversations.ts';
import { DATABASE, registerUser, startTestApp, type TestApp, type TestUser } from '../support/http.ts';
import { uploadText } from '../support/upload.ts';

let app: TestApp;
let other: TestUser;
beforeAll(async () => {
  app = await startTestApp();
  other = await registerUser(app);
});
afterAll(() => app.close());

const begin = async (user: TestUser, title: string): Promise<string> =>
  (await app.call(user, 'POST /api/v1/conversations', { title })).json().id;

const exchange = (
  user: TestUser,
  conversationId: string,
  { question = 'Well?', answer = 'So.', cites = [] as readonly { documentId: string; marker: number }[] },
) =>
  appendExchange(app.db, {
    userId: user.id,
    conversationId,
    question,
    answer: {
      answer,
      answered: true,
      citations: cites.map((cited) => ({
        ...cited,
        chunkId: 'c',
        title: 'T',
        page: 2,
        start: cited.marker,
        end: cited.marker + 5,
        quote: 'quote',
        supported: true,
      })),
      sources: [],
      model: 'm',
    },
  });

describe('a search of conversations', () => {
  const find = async (user: TestUser, q: string): Promise<Conversation[]> =>
    (await app.call(user, `GET /api/v1/conversations?q=${encodeURIComponent(q)}`)).json().items;

  test.each([
    ['harbour', ['rates']],
    ['HARB night', ['rates']],
    ['night harbour rates', []],
    ['rates', ['rates']],
    ['cafe', ['menu']],
    ['CAFÉ crème', ['menu']],
    ['e-mail', ['menu']],
    ['договор', ['russian']],
    ['ДОГ', ['russian']],
    ['港湾', ['japanese']],
    ['料金 港湾', ['japanese']],
    ['"night" OR menu*', []],
    ['content:night', []],
    ["ni'ght", []],
    ['b', []],
    ['???', []],
    ['night"', ['rates']],
    ['\0night', ['rates']],
  ])('for %j looks into titles and messages', async (q, expected) => {
    const user = await registerUser(app);
    const ids: Record<string, string> = {};
    for (const [name, question, answer] of [
      ['rates', 'What does the Harbour cost?', 'It costs 34 crowns a night in the harbour.'],
      ['menu', 'Is there a Café?', 'Crème is sold there; write an e-mail to cafe@x.test.'],
      ['russian', 'Где договор?', 'Договор лежит здесь.'],
      ['japanese', 'いくらですか', '名古屋港湾の料金は五百円です。'],
    ] as const) {
      const id = await begin(user, name);
      ids[id] = name;
      await exchange(user, id, { question, answer });
    }
    expect((await find(user, q)).map(({ id }) => ids[id])).toEqual(expected);
    expect(await find(other, q)).toEqual([]);
  });

  test('shows the part of the latest message with the words, and nothing for a title', async () => {
    const user = await registerUser(app);
    const id = await begin(user, 'Lindholm');
    const filler = 'These are other words that have nothing to do with it at all. '.repeat(5);
    await exchange(user, id, { answer: `${filler}The old lighthouse burns.` });
    await exchange(user, id, { answer: `${filler}The new lighthouse\nshines by day. ${filler}` });
    const [found] = await find(user, 'lighthouse');
    expect(found?.snippet).toMatch(/^….*new lighthouse shines.*…$/);
    expect(found?.snippet?.length).toBeLessThan(150);
    expect((await find(user, 'lindholm'))[0]).not.toHaveProperty('snippet');
    await exchange(user, id, { answer: `${filler}昔の灯台は燃えている。${filler}` });
    expect((await find(user, '灯台'))[0]?.snippet).toMatch(/^….*昔の灯台は.*…$/);
    expect((await app.call(user, 'GET /api/v1/conversations')).json().items[0]).not.toHaveProperty('snippet');
  });

  test('comes in pages', async () => {
    const user = await registerUser(app);
    for (let n = 0; n < 3; n++)
      await exchange(user, await begin(user, `talk ${n}`), { question: `buoy number ${n}` });
    const first = (await app.call(user, 'GET /api/v1/conversations?q=buoy&limit=2')).json();
    expect(first.items.map(({ snippet }: Conversation) => snippet)).toEqual([
      'buoy number 2',
      'buoy number 1',
    ]);
    expect(first.total).toBe(3);
    const rest = (
      await app.call(user, `GET /api/v1/conversations?q=buoy&limit=2&cursor=${first.nextCursor}`)
    ).json();
    expect(rest.items.map(({ title }: Conversation) => title)).toEqual(['talk 0']);
  });

  test.runIf(DATABASE === 'sqlite')(
    'finds nothing of what was deleted, and the index keeps nothing of it',
    async () => {
      const user = await registerUser(app);
      const vocabulary = () => {
        app.sqlite.raw.exec(
          `create virtual table if not exists temp.words using fts5vocab('main', 'messages_fts', 'row')`,
        );
        return app.sqlite.raw
          .prepare(`select term from temp.words where term like 'quixotic%'`)
          .pluck()
          .all();
      };
      const [kept, gone] = [await begin(user, 'kept'), await begin(user, 'gone')];
      await exchange(user, kept, { question: 'quixoticfirst' });
      const { questionId } = await exchange(user, kept, {
        question: 'quixoticsecond',
        answer: 'quixoticthird',
      });
      await exchange(user, gone, { question: 'quixoticfourth' });
      expect(vocabulary()).toEqual(['quixoticfirst', 'quixoticfourth', 'quixoticsecond', 'quixoticthird']);
      await app.call(user, `DELETE /api/v1/conversations/${kept}/messages/${questionId}`);
      await app.call(user, `DELETE /api/v1/conversations/${gone}`);
      expect(vocabulary()).toEqual(['quixoticfirst']);
      expect((await find(user, 'quixotic')).map(({ id }) => id)).toEqual([kept]);
      await app.call(user, 'DELETE /api/v1/me', { password: user.password });
      expect(vocabulary()).toEqual([]);
      app.sqlite.raw.exec(`insert into messages_fts (messages_fts, rank) values ('integrity-check', 1)`);
    },
  );
});

describe("a document's citations", () => {
  const citationsOf = async (user: TestUser, documentId: string, query = '') =>
    (await app.call(user, `GET /api/v1/documents/${documentId}/citations${query}`)).json();

  test('name the answers that cite it, the latest first, for the one who asked', async () => {
    const user = await registerUser(app);
    const [cited, uncited] = [await uploadText(app, user, 'cited'), await uploadText(app, user, 'uncited')];
    const talk = await begin(user, 'Talk');
    const first = await exchange(user, talk, {
      question: 'First?',
      cites: [
        { documentId: cited.id, marker: 1 },
        { documentId: uncited.id, marker: 2 },
        { documentId: cited.id, marker: 3 },
      ],
    });
    const second = await exchange(user, talk, {
      question: 'Second?',
      cites: [{ documentId: cited.id, marker: 1 }],
    });
    const page = await citationsOf(user, cited.id);
    expect(page).toMatchObject({ total: 3, nextCursor: null });
    expect(page.items[0]).toEqual({
      messageId: second.answerId,
      conversationId: talk,
      conversationTitle: 'Talk',
      question: 'Second?',
      marker: 1,
      page: 2,
      start: 1,
      end: 6,
      quote: 'quote',
      createdAt: expect.any(String),
    });
    expect(page.items.map(({ messageId, marker }: DocumentCitation) => [messageId, marker])).toEqual([
      [second.answerId, 1],
      [first.answerId, 1],
      [first.answerId, 3],
    ]);
    const listed: DocumentCitation[] = [];
    for (let cursor = ''; ; ) {
      const part = await citationsOf(user, cited.id, `?limit=1${cursor}`);
      listed.push(...part.items);
      if (part.nextCursor === null) break;
      cursor = `&cursor=${part.nextCursor}`;
    }
    expect(listed).toEqual(page.items);
    expect((await app.call(user, `GET /api/v1/documents/${cited.id}/citations?cursor=x`)).statusCode).toBe(
      400,
    );
  });

  test('are never those of another reader of the document', async () => {
    const [owner, reader] = [await registerUser(app), await registerUser(app)];
    const document = await uploadText(app, owner, 'read by two');
    await app.call(owner, `PUT /api/v1/collections/${owner.collectionId}/members`, {
      email: reader.email,
      role: 'viewer',
    });
    await exchange(owner, await begin(owner, 'Mine'), { cites: [{ documentId: document.id, marker: 1 }] });
    expect((await citationsOf(owner, document.id)).total).toBe(1);
    expect(await citationsOf(reader, document.id)).toEqual({ items: [], nextCursor: null, total: 0 });
  });

  test('go with their message, their conversation and their document', async () => {
    const user = await registerUser(app);
    const document = await uploadText(app, user, 'for a while');
    const cites = [{ documentId: document.id, marker: 1 }];
    const [talk, deleted] = [await begin(user, 'One'), await begin(user, 'Two')];
    const { answerId } = await exchange(user, talk, { cites });
    await exchange(user, deleted, { cites });
    await app.call(user, `DELETE /api/v1/conversations/${deleted}`);
    expect((await citationsOf(user, document.id)).total).toBe(1);
    await app.call(user, `DELETE /api/v1/conversations/${talk}/messages/${answerId}`);
    expect((await citationsOf(user, document.id)).total).toBe(0);
    await exchange(user, talk, { cites });
    await app.call(user, `DELETE /api/v1/documents/${document.id}`);
    const left = () =>
      app.db.selectFrom('message_citations').selectAll().where('document_id', '=', document.id).execute();
    expect(await left()).toEqual([]);
    // an answer that cites what is gone meanwhile is kept all the same
    expect(await exchange(user, talk, { cites })).toHaveProperty('answerId');
    expect(await left()).toEqual([]);
  });
});

test('no statement of these routes reads a whole table', async () => {
  expect((await app.scans()).filter(({ statement }) => /message|conversations/.test(statement))).toEqual([]);
});
