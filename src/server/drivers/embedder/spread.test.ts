import { expect, test } from 'vitest';
import { createFakeEmbedder } from '../../../../test/support/fake-embedder.ts';
import { embedderConformance } from './conformance.ts';
import { spreadEmbedders } from './spread.ts';

embedderConformance('spread over two', async () =>
  spreadEmbedders([createFakeEmbedder(), createFakeEmbedder()]),
);

test('each embedder takes its share of a list, and the order stays', async () => {
  const [first, second] = [createFakeEmbedder(), createFakeEmbedder()];
  const spread = spreadEmbedders([first, second]);
  const whole = await spread.embed(['a', 'b', 'c'], 'passage');
  expect(first.embedded.map(({ text }) => text)).toEqual(['a', 'b']);
  expect(second.embedded.map(({ text }) => text)).toEqual(['c']);
  expect(whole).toEqual(await createFakeEmbedder().embed(['a', 'b', 'c'], 'passage'));
});
