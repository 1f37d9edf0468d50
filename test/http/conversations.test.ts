import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendExchange } from '../../src/server/records/conversations.ts';
import { newId } from '../../src/server/records/ids.ts';
import { registerUser, startTestApp, type TestApp, type TestUser } from '../support/http.ts';

let app: TestApp;
let user: TestUser;
let other: TestUser;
beforeAll(async () => {
  app = await startTestApp();
  user = await registerUser(app);
  other = await registerUser(app);
});
afterAll(() => app.close());

const begin = async (title?: string): Promise<string> =>
  (await app.call(user, 'POST /api/v1/conversations', title === undefined ? undefined : { title })).json().id;
const citation = {
  marker: 1,
  documentId: newId(),
  chunkId: '4294967296',
  title: 'Harbour\nrules',
  page: 2,
  start: 0,
  end: 9,
  quote: '34 crowns',
  supported: true,
};
const exchange = (conversationId: string, question: string, answer = 'It costs 34 crowns [1].') =>
  appendExchange(app.db, {
    userId: user.id,
    conversationId,
    question,
    answer: { answer, answered: true, citations: [citation], sources: [], model: 'extractive' },
  });

test('the first question gives the title, and messages keep their order and their citations', async () => {
  const id = await begin();
  await exchange(
    id,
    'What does a visiting yacht pay for one night in the harbour of Lindholm, electricity included?',
  );
  await exchange(id, 'And who is the harbour master?', 'Astrid Vang [1].');
  const found = (await app.call(user, `GET /api/v1/conversations/${id}`)).json();
  expect(found.title).toBe('What does a visiting yacht pay for one night in the harbour of Lindholm,…');
  const { items, total } = (await app.call(user, `GET /api/v1/conversations/${id}/messages`)).json();
  expect(total).toBe(4);
  expect(items.map((m: { role: string }) => m.role)).toEqual(['user', 'assistant', 'user', 'assistant']);
  expect(items[1]).toMatchObject({
    answered: true,
    citations: [citation],
    model: 'extractive',
    feedback: null,
  });
  expect(items[0]).toMatchObject({ answered: null, citations: [] });
});

test('messages come in pages', async () => {
  const id = await begin('Paged');
  for (let n = 0; n < 3; n++) await exchange(id, `Question ${n}?`, `Answer ${n}`);
  const first = (await app.call(user, `GET /api/v1/conversations/${id}/messages?limit=4`)).json();
  const rest = (
    await app.call(user, `GET /api/v1/conversations/${id}/messages?limit=4&cursor=${first.nextCursor}`)
  ).json();
  const contents = [...first.items, ...rest.items].map((m: { content: string }) => m.content);
  expect(contents).toEqual([0, 1, 2].flatMap((n) => [`Question ${n}?`, `Answer ${n}`]));
  expect(rest.nextCursor).toBeNull();
});

test('a given title stays, and can be changed and searched, wildcards and case aside', async () => {
  const id = await begin('Ölpreise 100%');
  await exchange(id, 'Anything?');
  expect((await app.call(user, `GET /api/v1/conversations/${id}`)).json().title).toBe('Ölpreise 100%');
  const search = async (q: string) =>
    (await app.call(user, `GET /api/v1/conversations?q=${encodeURIComponent(q)}`))
      .json()
      .items.map((c: { id: string }) => c.id);
  expect(await search('ölPREISE')).toEqual([id]);
  expect(await search('ölpreise 100')).toEqual([id]);
  expect(await search('PREISE')).toEqual([id]);
  expect(await search("' or 1=1 --")).toEqual([]);
  expect((await app.call(user, `PATCH /api/v1/conversations/${id}`, { title: 'Gas' })).json().title).toBe(
    'Gas',
  );
  expect(await search('gas')).toEqual([id]);
});

test('the conversation used last comes first', async () => {
  const early = await begin('Early');
  const late = await begin('Late');
  await app.db
    .updateTable('conversations')
    .set({ updated_at: new Date(0).toISOString() })
    .execute();
  await exchange(early, 'Still there?');
  const { items } = (await app.call(user, 'GET /api/v1/conversations?limit=2')).json();
  expect(items.map((c: { id: string }) => c.id)).toEqual([early, late]);
  expect(items[0].updatedAt > items[1].updatedAt).toBe(true);
});

test('a conversation leaves as Markdown', async () => {
  const id = await begin('Fees: and/or rules');
  await exchange(id, 'What does it cost?');
  for (const [route, headers] of [
    [`GET /api/v1/conversations/${id}?format=markdown`, {}],
    [`GET /api/v1/conversations/${id}`, { accept: 'text/markdown' }],
  ] as const) {
    const answer = await app.call(user, route, undefined, headers);
    expect(answer.headers['content-type']).toBe('text/markdown; charset=utf-8');
    expect(answer.headers['content-disposition']).toContain('attachment');
    expect(answer.body).toMatch(/^# Fees: and\/or rules\n/);
    expect(answer.body).toContain('\n## What does it cost?\n\nIt costs 34 crowns [1].\n');
    expect(answer.body).toContain('- [1] Harbour rules, page 2: “34 crowns”\n');
  }
});

test('answers are rated by their owner, questions are not', async () => {
  const id = await begin('Rated');
  const { questionId, answerId } = await exchange(id, 'Good?');
  const rate = (who: TestUser, messageId: string, body: unknown) =>
    app.call(who, `POST /api/v1/messages/${messageId}/feedback`, body);
  expect((await rate(user, answerId, { rating: -1, comment: 'wrong page' })).json().feedback).toEqual({
    rating: -1,
    comment: 'wrong page',
  });
  expect((await rate(user, answerId, { rating: 1 })).json().feedback).toEqual({ rating: 1, comment: null });
  expect((await rate(user, questionId, { rating: 1 })).statusCode).toBe(404);
  expect((await rate(other, answerId, { rating: 1 })).statusCode).toBe(404);
  expect((await rate(user, answerId, { rating: 0 })).statusCode).toBe(400);
});

test('what is deleted is gone with its messages, and nothing of it belongs to others', async () => {
  const id = await begin('Gone');
  await exchange(id, 'Hello?');
  for (const route of [
    `GET /api/v1/conversations/${id}`,
    `GET /api/v1/conversations/${id}/messages`,
    `DELETE /api/v1/conversations/${id}`,
  ])
    expect((await app.call(other, route)).statusCode).toBe(404);
  expect((await app.call(user, `DELETE /api/v1/conversations/${id}`)).statusCode).toBe(204);
  expect((await app.call(user, `GET /api/v1/conversations/${id}`)).statusCode).toBe(404);
  expect(await app.db.selectFrom('messages').selectAll().where('conversation_id', '=', id).execute()).toEqual(
    [],
  );
  await expect(exchange(id, 'Late?')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
