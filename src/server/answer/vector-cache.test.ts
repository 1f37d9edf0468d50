import { expect, test } from 'vitest';
import { createFakeEmbedder, type FakeEmbedder } from '../../../test/support/fake-embedder.ts';
import { createVectorCache } from './vector-cache.ts';

const { signal } = new AbortController();
const textsSince = ({ embedded }: FakeEmbedder, from: number) => embedded.slice(from).map(({ text }) => text);

test('only what is not kept is embedded, and vectors come in the order of their texts', async () => {
  const embedder = createFakeEmbedder();
  const cache = createVectorCache(embedder, { entries: 10, bytes: 2 ** 20 });
  const [lamp, oil] = await embedder.embed(['lamp', 'oil'], 'query');
  const before = embedder.embedded.length;
  expect(await cache.embed(['lamp'], signal)).toEqual([lamp]);
  expect(await cache.embed(['oil', 'lamp', 'oil'], signal)).toEqual([oil, lamp, oil]);
  expect(await cache.embed(['lamp', 'oil'], signal)).toEqual([lamp, oil]);
  expect(textsSince(embedder, before)).toEqual(['lamp', 'oil', 'oil']);
});

test('the entries and bytes of the settings bound what is kept, the longest unused goes first', async () => {
  const embedder = createFakeEmbedder();
  const cache = createVectorCache(embedder, { entries: 2, bytes: 2 ** 20 });
  for (const text of ['one', 'two', 'one', 'three']) await cache.embed([text], signal);
  const before = embedder.embedded.length;
  await cache.embed(['one', 'three', 'two'], signal);
  expect(textsSince(embedder, before)).toEqual(['two']);
  const perEntry = cache.kept().bytes / cache.kept().entries;
  cache.limitTo((1.5 * perEntry) / 2 ** 20);
  expect(cache.kept().entries).toBe(1);
});

test('no entries: nothing is kept', async () => {
  const embedder = createFakeEmbedder();
  const cache = createVectorCache(embedder, { entries: 0, bytes: 2 ** 20 });
  await cache.embed(['lamp'], signal);
  await cache.embed(['lamp'], signal);
  expect([textsSince(embedder, 0), cache.kept()]).toEqual([['lamp', 'lamp'], { entries: 0, bytes: 0 }]);
});

test('a vector that was under way while a reindex changed over is neither given nor kept', async () => {
  const embedder = createFakeEmbedder();
  let fingerprint = 'first/4';
  const cache = createVectorCache(
    {
      ...embedder,
      get fingerprint() {
        return fingerprint;
      },
      async embed(...work) {
        const vectors = await embedder.embed(...work);
        fingerprint = 'second/4';
        return vectors;
      },
    },
    { entries: 10, bytes: 2 ** 20 },
  );
  await expect(cache.embed(['lamp'], signal)).rejects.toMatchObject({
    name: 'UpstreamError',
    retryable: true,
  });
  expect(cache.kept().entries).toBe(0);
  expect(await cache.embed(['lamp'], signal)).toHaveLength(1);
});
