import { createLoadedCollection, type LoadedCollection } from './loaded-collection.ts';
import type { SlabMemory } from './slab-memory.ts';

/** The collections whose codes are in memory, within a bound of bytes. */
export interface LoadedCollections {
  /**
   * Begins a search. The collections of its scope stay until the next one begins, even above the limit: a scope
   * must be searched whole.
   */
  begin(scope: Iterable<number>): void;
  /** Undefined where it is not loaded, or where most of it is dead: then it is read anew. */
  get(no: number): LoadedCollection | undefined;
  /** An empty one, which is kept by `keep` once it is filled. */
  empty(no: number): LoadedCollection;
  /** The one that was searched last. */
  keep(collection: LoadedCollection): void;
  /** It is read anew at its next use. */
  drop(no: number): void;
  /** From now on at most this share (0 to 1) of the limit is used, but for what a running search needs. */
  limitTo(share: number): void;
  stats(): { loadedCollections: number; loadedRows: number; loadedBytes: number };
}

export interface LoadedCollectionsOptions {
  readonly slabs: SlabMemory;
  /** Bytes of a row of codes. */
  readonly stride: number;
  /** Codes beyond this are dropped, the collection that was searched longest ago first. */
  readonly memoryLimitBytes: number;
}

/** A collection with more dead rows than this is loaded anew. */
const MOST_WASTE = 0.5;

export function createLoadedCollections(options: LoadedCollectionsOptions): LoadedCollections {
  const { slabs, stride } = options;
  let { memoryLimitBytes } = options;
  /** In order of use: the first was searched longest ago. */
  const loaded = new Map<number, LoadedCollection>();
  const inUse = new Set<number>();

  function drop(no: number): void {
    loaded.get(no)?.free();
    loaded.delete(no);
  }

  function takeSlab(forNo: number): number {
    for (const no of [...loaded.keys()]) {
      if (slabs.usedBytes() + slabs.slabBytes <= memoryLimitBytes) break;
      if (no === forNo || inUse.has(no)) continue;
      drop(no);
    }
    return slabs.take();
  }

  return {
    begin(scope) {
      inUse.clear();
      for (const no of scope) inUse.add(no);
    },
    get(no) {
      const collection = loaded.get(no);
      if (collection === undefined || collection.waste() <= MOST_WASTE) return collection;
      drop(no);
      return undefined;
    },
    empty: (no) => createLoadedCollection(no, { ...slabs, take: () => takeSlab(no) }, stride),
    keep(collection) {
      loaded.delete(collection.no);
      loaded.set(collection.no, collection);
    },
    drop,
    limitTo(share) {
      memoryLimitBytes = Math.floor(options.memoryLimitBytes * share);
      for (const no of [...loaded.keys()]) {
        if (slabs.usedBytes() <= memoryLimitBytes) break;
        if (!inUse.has(no)) drop(no);
      }
    },
    stats: () => ({
      loadedCollections: loaded.size,
      loadedRows: [...loaded.values()].reduce((sum, collection) => sum + collection.rows(), 0),
      loadedBytes: slabs.usedBytes(),
    }),
  };
}
