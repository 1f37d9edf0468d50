import { expect, test } from 'vitest';
import { packScope, unpackScope } from './packed-scope.ts';

const document = (firstOrdinal: number, chunkCount: number) => ({
  id: `d${firstOrdinal}`,
  firstOrdinal,
  chunkCount,
});

test('a scope keeps its collections and the ordinals of its documents', () => {
  const scope = {
    collections: [
      { no: 1, generation: 4 },
      { no: 2, generation: 0, documents: [document(0, 5), document(20, 1)] },
      { no: 3, generation: 1, documents: [] },
    ],
  };
  expect(unpackScope(packScope(scope))).toEqual({
    collections: [
      { no: 1, generation: 4 },
      {
        no: 2,
        generation: 0,
        documents: [
          { id: '', firstOrdinal: 0, chunkCount: 5 },
          { id: '', firstOrdinal: 20, chunkCount: 1 },
        ],
      },
      { no: 3, generation: 1, documents: [] },
    ],
  });
});

test('documents that follow each other become one range', () => {
  const documents = [document(0, 5), document(5, 7), document(13, 2), document(15, 1)];
  expect([
    ...(packScope({ collections: [{ no: 1, generation: 0, documents }] }).collections[0]?.ranges ?? []),
  ]).toEqual([0, 12, 13, 3]);
});
