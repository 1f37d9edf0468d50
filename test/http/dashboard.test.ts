import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Dashboard } from '../../src/contract/dashboard.ts';
import { appendExchange } from '../../src/server/records/conversations.ts';
import { finishItems } from '../../src/server/records/tasks.ts';
import { registerUser, startTestApp, type TestApp, type TestUser } from '../support/http.ts';
import { uploadText } from '../support/upload.ts';

let app: TestApp;
let admin: TestUser;
beforeAll(async () => {
  app = await startTestApp({ env: { USER_QUOTA_MB: '5' } });
  admin = await registerUser(app);
});
afterAll(() => app.close());

const dashboardOf = async (user: TestUser): Promise<Dashboard> => {
  const response = await app.call(user, 'GET /api/v1/dashboard');
  expect(response.statusCode).toBe(200);
  return response.json();
};

test('a new account has an empty page', async () => {
  const user = await registerUser(app);
  const page = await dashboardOf(user);
  expect(page).toMatchObject({
    documents: { total: 0, queued: 0, ready: 0 },
    storage: { usedBytes: 0, quotaBytes: 5 * 1024 * 1024 },
    collections: 1,
    conversations: 0,
    recentQuestions: [],
    activeTasks: [],
    lastHour: { questions: 0, searches: 0, cacheHits: 0, p50Ms: 0 },
    month: { requests: 0, costUsd: 0, budgetUsd: null },
  });
  expect(page.lastHour.minutes).toHaveLength(60);
  expect(page.month.days.at(-1)?.day).toBe(new Date().toISOString().slice(0, 10));
});

test('documents are counted by status, in own collections and shared ones, and what is in work is named', async () => {
  const [user, other] = [await registerUser(app), await registerUser(app)];
  const first = await uploadText(app, user, 'first text');
  const second = await uploadText(app, user, 'second text');
  await app.call(other, `PUT /api/v1/collections/${other.collectionId}/members`, {
    email: user.email,
    role: 'viewer',
  });
  await uploadText(app, other, 'shared text');
  await app.db.updateTable('documents').set({ status: 'ready' }).where('id', '=', first.id).execute();
  await app.db.transaction().execute((tx) => finishItems(tx, first.id, { status: 'completed' }));
  const page = await dashboardOf(user);
  expect(page).toMatchObject({
    documents: { total: 3, queued: 2, ready: 1, failed: 0 },
    storage: { usedBytes: 'first textsecond text'.length },
    collections: 2,
  });
  expect(page.activeTasks.map(({ items }) => items[0]?.documentId)).toEqual([second.id]);
  expect((await dashboardOf(other)).documents.total).toBe(1);
});

test('the latest questions are told with whether they were answered, those of others never', async () => {
  const user = await registerUser(app);
  const ids: string[] = [];
  for (let n = 0; n < 2; n++)
    ids.push((await app.call(user, 'POST /api/v1/conversations', { title: `Talk ${n}` })).json().id);
  for (let n = 0; n < 12; n++)
    await appendExchange(app.db, {
      userId: user.id,
      conversationId: ids[n % 2] as string,
      question: `Question ${n}?`,
      answer: { answer: 'So.', answered: n % 3 === 0, citations: [], sources: [], model: 'm' },
    });
  const { recentQuestions, conversations } = await dashboardOf(user);
  expect(conversations).toBe(2);
  expect(
    recentQuestions.map(({ question, answered, conversationId }) => [question, answered, conversationId]),
  ).toEqual(
    Array.from({ length: 10 }, (_, i) => 11 - i).map((n) => [`Question ${n}?`, n % 3 === 0, ids[n % 2]]),
  );
  expect((await dashboardOf(admin)).recentQuestions).toEqual([]);
});

test('questions and searches are counted where they end, each for the one who asked', async () => {
  const user = await registerUser(app);
  await app.call(user, 'POST /api/v1/search', { query: 'a' });
  await app.call(user, 'POST /api/v1/search/batch', { searches: [{ query: 'a' }, { query: 'b' }] });
  await app.call(user, 'POST /api/v1/query', { query: 'what is it' });
  await app.call(user, 'POST /api/v1/query', { query: 'what is it' }, { accept: 'text/event-stream' });
  const { lastHour } = await dashboardOf(user);
  expect(lastHour).toMatchObject({ questions: 2, searches: 3 });
  expect(lastHour.minutes.reduce((sum, { requests }) => sum + requests, 0)).toBe(5);
  expect((await dashboardOf(admin)).lastHour.searches).toBe(0);
});

test('the month adds up what models took, its questions and its days', async () => {
  const user = await registerUser(app);
  await app.call(admin, `PATCH /api/v1/admin/users/${user.id}`, { quotaMb: 1, monthlyBudgetUsd: 2.5 });
  const today = new Date().toISOString().slice(0, 10);
  const common = {
    user_id: user.id,
    model: 'm',
    cached_requests: 1,
    prompt_tokens: 10,
    completion_tokens: 4,
  };
  await app.db
    .insertInto('usage')
    .values([
      { ...common, day: today, kind: 'answer', requests: 3, cost_usd: 0.5, saved_usd: 0.25 },
      { ...common, day: today, kind: 'embedding', requests: 7, cost_usd: 0.25, saved_usd: 0 },
      { ...common, day: '2020-01-31', kind: 'answer', requests: 99, cost_usd: 9, saved_usd: 9 },
    ])
    .execute();
  const { month, storage } = await dashboardOf(user);
  expect(month).toMatchObject({
    requests: 3,
    cachedRequests: 1,
    promptTokens: 20,
    completionTokens: 8,
    costUsd: 0.75,
    savedUsd: 0.25,
    budgetUsd: 2.5,
  });
  expect(month.days.at(-1)).toEqual({ day: today, requests: 3, costUsd: 0.75 });
  expect(month.days).toHaveLength(Number(today.slice(8)));
  expect(storage.quotaBytes).toBe(1024 * 1024);
});
