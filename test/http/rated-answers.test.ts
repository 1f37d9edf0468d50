import { expect, test } from 'vitest';
import type { Answer } from '../../src/contract/query.ts';
import { appendExchange, createConversation } from '../../src/server/records/conversations.ts';
import { registerUser, type TestApp, type TestUser, testApp } from '../support/http.ts';
import { madeAnswer } from '../support/made-answer.ts';

const answerOf = (text: string, answered = true) => madeAnswer({ answer: text, answered });

/** Two questions of a chat, and the ids of their answers. */
async function chatOf(app: TestApp, user: TestUser, ...exchanges: readonly [string, Answer][]) {
  const { db } = app.services;
  const { id: conversationId } = await createConversation(db, user.id);
  const ids: string[] = [];
  for (const [question, answer] of exchanges)
    ids.push((await appendExchange(db, { userId: user.id, conversationId, question, answer })).answerId);
  return ids;
}

test('an administrator sees rated answers with their questions, and nothing that nobody rated', async () => {
  const app = await testApp();
  const admin = await registerUser(app);
  const user = await registerUser(app);
  const [first, second, third] = await chatOf(
    app,
    user,
    ['When does it open?', answerOf('At six.')],
    ['Who owns it?', answerOf('Your documents don’t say.', false)],
    ['A private question?', answerOf('A private answer.')],
  );
  const rate = (id: string | undefined, body: object) =>
    app.call(user, `POST /api/v1/messages/${id}/feedback`, body);
  expect((await rate(first, { rating: -1, comment: 'It opens at seven.' })).statusCode).toBe(200);
  expect((await rate(second, { rating: 1 })).statusCode).toBe(200);
  const all = (await app.call(admin, 'GET /api/v1/admin/feedback')).json();
  expect(all).toMatchObject({
    total: 2,
    nextCursor: null,
    items: [
      { messageId: second, question: 'Who owns it?', answered: false, rating: 1, comment: null },
      {
        messageId: first,
        userId: user.id,
        question: 'When does it open?',
        answer: 'At six.',
        rating: -1,
        comment: 'It opens at seven.',
      },
    ],
  });
  expect(JSON.stringify(all)).not.toContain('private');
  const bad = (await app.call(admin, 'GET /api/v1/admin/feedback?rating=-1')).json();
  expect(bad.items.map(({ messageId }: { messageId: string }) => messageId)).toEqual([first]);
  const page = (await app.call(admin, 'GET /api/v1/admin/feedback?limit=1')).json();
  const next = (await app.call(admin, `GET /api/v1/admin/feedback?limit=1&cursor=${page.nextCursor}`)).json();
  expect([page, next].map(({ items }) => items[0].messageId)).toEqual([second, first]);
  expect((await app.call(admin, 'GET /api/v1/admin/feedback?rating=5')).json().errors).toMatchObject([
    { path: 'rating' },
  ]);
  expect((await app.call(user, 'GET /api/v1/admin/feedback')).statusCode).toBe(403);
  expect(third).toBeDefined();
});

test('rated answers are exported as cases that an evaluation reads', async () => {
  const app = await testApp();
  const admin = await registerUser(app);
  const [open, refused, wrong] = await chatOf(
    app,
    admin,
    ['When does it open?', answerOf('At six.')],
    ['Who owns it?', answerOf('Your documents don’t say.', false)],
    ['When does it close?', answerOf('At six.')],
  );
  for (const [id, rating] of [
    [open, 1],
    [refused, 1],
    [wrong, -1],
  ] as const)
    await app.call(admin, `POST /api/v1/messages/${id}/feedback`, { rating });
  const response = await app.call(admin, 'GET /api/v1/admin/feedback/export');
  expect(response.headers['content-disposition']).toBe('attachment; filename="qa.jsonl"');
  expect(
    response.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toMatchObject([
    { _id: wrong, question: 'When does it close?', answers: [], unanswerable: false, rating: -1 },
    { _id: refused, question: 'Who owns it?', unanswerable: true, rating: 1 },
    { _id: open, question: 'When does it open?', unanswerable: false, given: 'At six.' },
  ]);
  const good = await app.call(admin, 'GET /api/v1/admin/feedback/export?rating=1');
  expect(good.body.trim().split('\n')).toHaveLength(2);
});
