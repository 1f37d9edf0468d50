import { type ChunkKey, ordinalOf } from '../ports/search-scope.ts';

/** The id of a chunk as clients see it: sorts by the document's creation, then by place in it; never used twice. */
export const chunkId = (documentId: string, key: ChunkKey): string =>
  `${documentId}-${ordinalOf(key).toString(16).padStart(8, '0')}`;
