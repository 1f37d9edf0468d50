import type { Database, Statement } from 'better-sqlite3';
import type { ChunkScore, SearchScope } from '../../ports/search-scope.ts';
import type { QueryTerm } from '../../ports/text-index.ts';
import { Accumulators, rankBlocks, type StoredBlocks } from './rank-blocks.ts';

export interface KeywordReader {
  /** As `TextReader.search`, at once. */
  search(terms: readonly QueryTerm[], k: number, scope: SearchScope): ChunkScore[];
}

/** Searches the keyword index over a connection of its own, usually a read-only one in the search thread. */
export function createKeywordReader(raw: Database): KeywordReader {
  const lengths = raw
    .prepare('select block, data from posting_lengths where collection_no = ? order by block')
    .raw() as unknown as Statement<[number], [block: number, data: Uint8Array]>;
  const postings = raw
    .prepare('select data from postings where collection_no = ? and block = ? and term = ?')
    .pluck() as Statement<[number, number, string], Uint8Array>;
  const tombstones = raw
    .prepare('select first_ordinal, ordinal_count from tombstones where collection_no = ? and purged = 0')
    .raw() as unknown as Statement<[number], [firstOrdinal: number, ordinalCount: number]>;
  const stored: StoredBlocks = {
    lengths: (collectionNo) => lengths.iterate(collectionNo),
    postings: (collectionNo, block, term) => postings.get(collectionNo, block, term),
    tombstones: (collectionNo) => tombstones.all(collectionNo),
  };
  const memory = new Accumulators();

  // one transaction: blocks, lengths and tombstones are those of one moment
  const search = raw.transaction((terms: readonly QueryTerm[], k: number, scope: SearchScope): ChunkScore[] =>
    rankBlocks(stored, memory, { terms, k, scope }),
  );

  return {
    search(terms, k, scope) {
      if (terms.length === 0 || k <= 0) return [];
      return search.deferred(terms, k, scope);
    },
  };
}
