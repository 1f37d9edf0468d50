import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUsageMeter } from '../src/server/records/usage-meter.ts';
import { type AnsweringHouse, openAnsweringHouse } from './support/answering-house.ts';
import { countStatements } from './support/count-statements.ts';
import { createFakeEmbedder } from './support/fake-embedder.ts';
import { registerUser, startTestApp, type TestApp, type TestUser } from './support/http.ts';

/** What each request asks of the database on the thread that serves people: more statements for each is a slower server for all. */
let house: AnsweringHouse;
let app: TestApp;
let user: TestUser;
let taken: () => string[];

beforeAll(async () => {
  house = await openAnsweringHouse(createFakeEmbedder());
  const { db } = house.ingest;
  app = await startTestApp({
    services: {
      db,
      answering: house.answering,
      usage: createUsageMeter(db, (error) => {
        throw error;
      }),
    },
  });
  user = await registerUser(app);
  await house.ingest.add(user.id, user.collectionId, {
    'harbour.txt':
      'A visiting yacht pays 34 crowns a night at the harbour. The harbour master collects the fee.',
    'bakery.txt': 'The bakery on Mill Lane opens at five in the morning.',
  });
  await house.ingest.settle();
  taken = countStatements(house.ingest.raw);
  // what is asked once a process, or once a state of the library
  await app.call(user, 'POST /api/v1/search', { query: 'warm up' });
});
afterAll(async () => {
  await app.close();
  await house.close();
});

async function statementsOf(route: string, body?: unknown): Promise<string[]> {
  taken();
  const answer = await app.call(user, route, body);
  expect(answer.statusCode, answer.body).toBe(200);
  return taken().map((source) => source.replace(/\s+/g, ' ').trim());
}

const SESSION = expect.stringMatching(/^select .* from "sessions"/);
const SCOPE = expect.stringMatching(/^select .* from "collections" where "owner_id"/);
const LISTED_COLLECTIONS = expect.stringMatching(/^select c\.id, c\.document_count from collections/);
const DOCUMENTS = expect.stringMatching(/^select \* from documents where collection_id/);
const QUOTED_PAGE = expect.stringMatching(/^select "start", "text" from "pages"/);
const CHUNKS = expect.stringMatching(/^select .* from "chunks" inner join "documents"/);

test('a list of documents', async () => {
  expect(await statementsOf('GET /api/v1/documents?limit=20')).toEqual([
    SESSION,
    LISTED_COLLECTIONS,
    DOCUMENTS,
  ]);
});

test('a new search, which asks the model and each index once', async () => {
  const { vectors, texts, embeds } = house.calls;
  expect(await statementsOf('POST /api/v1/search', { query: 'fee of a visiting yacht' })).toEqual([
    SESSION,
    SCOPE,
    CHUNKS,
  ]);
  expect(house.calls).toEqual({ vectors: vectors + 1, texts: texts + 1, embeds: embeds + 1 });
});

test('a repeated search', async () => {
  await statementsOf('POST /api/v1/search', { query: 'morning at the bakery' });
  expect(await statementsOf('POST /api/v1/search', { query: 'morning at the bakery' })).toEqual([
    SESSION,
    SCOPE,
  ]);
});

test('a new question, and the same again', async () => {
  const query = 'How much does a visiting yacht pay a night?';
  expect(await statementsOf('POST /api/v1/query', { query })).toEqual([SESSION, SCOPE, CHUNKS, QUOTED_PAGE]);
  const calls = { ...house.calls };
  expect(await statementsOf('POST /api/v1/query', { query })).toEqual([SESSION, SCOPE]);
  expect(house.calls).toEqual(calls);
});
