import { expect, test } from 'vitest';
import { appendExchange } from '../src/server/records/conversations.ts';
import { takeIn } from '../src/server/records/intake.ts';
import { registerUser, testApp } from './support/http.ts';
import { forgetStatements } from './support/query-plans.ts';

/** The whole table is what they count. */
const COUNTS_OF_ALL = /^select count\(\*\) as "count" from "(users|audit)"(?: as "u")?$/;

/** An index that holds the few rated messages and no others. */
const RATED_ONLY = 'USING INDEX messages_rated';

test('no list, search or look-up reads a whole table', async () => {
  const app = await testApp();
  const admin = await registerUser(app);
  const collectionId = (await app.call(admin, 'POST /api/v1/collections', { name: 'Second' })).json().id;
  const { taskId, documents } = await takeIn(app.db, app.services.queue, {
    userId: admin.id,
    files: [
      {
        collectionId,
        filename: 'a.txt',
        tags: ['x'],
        stored: { key: 'aa/none', sizeBytes: 3, sha256: 'f'.repeat(64) },
      },
    ],
  });
  const document = documents[0]?.row.id;
  const conversation = (await app.call(admin, 'POST /api/v1/conversations', { title: 'T' })).json().id;
  await appendExchange(app.db, {
    userId: admin.id,
    conversationId: conversation,
    question: 'Question?',
    answer: { answer: 'A', answered: false, citations: [], sources: [], model: 'm' },
  });
  const key = { token: (await app.call(admin, 'POST /api/v1/api-keys', { name: 'k' })).json().key };
  forgetStatements();

  const ids: Record<string, string | undefined> = {
    collections: collectionId,
    documents: document,
    tasks: taskId as string,
    conversations: conversation,
    models: 'ka:all',
  };
  const called: string[] = [];
  for (const { method, url } of app.server.routes()) {
    if (method !== 'GET' || url.endsWith('/events') || url.endsWith('/file')) continue;
    const address = url.replace(/\/(\w+)\/:id/, (_, noun: string) => `/${noun}/${ids[noun]}`);
    for (const who of [admin, key]) {
      const answer = await app.call(who, `GET ${address}`);
      called.push(`${answer.statusCode} ${address}`);
      const { nextCursor } = answer.headers['content-type']?.includes('/json') ? answer.json() : {};
      if (nextCursor)
        called.push(`${(await app.call(who, `GET ${address}?cursor=${nextCursor}`)).statusCode} ${address}`);
    }
  }
  for (const query of [
    'documents?q=long+word&sort=title,-createdAt&status=ready&limit=1',
    'documents?q=ab',
    `documents?collectionId=${collectionId}&sort=-sizeBytes`,
    'documents?limit=1',
    'collections?limit=1',
    'conversations?q=word&limit=1',
    `conversations/${conversation}/messages?limit=1`,
    'api-keys?limit=1',
    'admin/users?limit=1',
    'admin/audit?limit=1',
    `admin/audit?limit=1&actorId=${admin.id}`,
    'admin/feedback?limit=1',
    'admin/feedback?limit=1&rating=-1',
    'admin/jobs?state=queued&limit=1',
    `admin/usage?from=2026-01-01&userId=${admin.id}`,
  ]) {
    const answer = await app.call(admin, `GET /api/v1/${query}`);
    called.push(`${answer.statusCode} ${query}`);
    const { nextCursor } = answer.json();
    if (nextCursor)
      called.push(
        `${(await app.call(admin, `GET /api/v1/${query}&cursor=${nextCursor}`)).statusCode} ${query}`,
      );
  }
  const refused = called.filter((line) => !line.startsWith('200 ') && !line.includes('/text'));
  // a key does not export the account
  expect(refused).toEqual(['403 /api/v1/me/export']);
  expect(
    (await app.scans()).filter(
      ({ statement, step }) => !COUNTS_OF_ALL.test(statement) && !step.endsWith(RATED_ONLY),
    ),
  ).toEqual([]);
});
