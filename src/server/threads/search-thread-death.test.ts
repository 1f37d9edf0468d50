import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AnsweringHouse, openAnsweringHouse } from '../../../test/support/answering-house.ts';
import { createFakeEmbedder } from '../../../test/support/fake-embedder.ts';
import { UpstreamError } from '../errors.ts';
import { analyseQuery } from '../text/analyse.ts';
import { startSearchThread } from './start-search-thread.ts';

let house: AnsweringHouse;
beforeAll(async () => {
  house = await openAnsweringHouse(createFakeEmbedder());
});
afterAll(() => house.close());

const { terms } = analyseQuery('copper lantern', ['en']);

test('a thread that died is started again, and only the call that killed it twice fails', async () => {
  const { collectionId } = await house.userWith({ 'a.txt': 'A copper lantern hangs over the gate.' });
  const { no, generation } = await house.ingest.db
    .selectFrom('collections')
    .select(['no', 'generation'])
    .where('id', '=', collectionId)
    .executeTakeFirstOrThrow();
  const deaths: Error[] = [];
  const search = startSearchThread(
    { records: { kind: 'sqlite', path: house.ingest.path }, dimensions: 384, memoryLimitBytes: 2 ** 20 },
    (error) => deaths.push(error),
  );
  await search.ready;
  const scope = { collections: [{ no, generation }] };
  const found = await search.texts.search(terms, 10, scope);
  expect(found).toHaveLength(1);

  // more documents than its heap can hold
  const documents = Array.from({ length: 1_600_000 }, (_, i) => ({
    id: '',
    firstOrdinal: i + 0.5,
    chunkCount: 1.5,
  }));
  const deadly = search.texts.search(terms, 10, { collections: [{ no, generation, documents }] });
  const error = await deadly.catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(UpstreamError);
  expect(error).toMatchObject({ retryable: true });
  expect(deaths).toHaveLength(2);

  expect(await search.texts.search(terms, 10, scope)).toEqual(found);
  expect(deaths).toHaveLength(2);
  await search.close();
});
