import type { Kysely } from 'kysely';
import type { Database, RevisionRow } from '../ports/schema.ts';

/** What jobs are about to remove, or are removing: it may be there in part. */
export interface ExpectedPurges {
  /** Files of documents that are gone. */
  readonly storageKeys: ReadonlySet<string>;
  /** Numbers of collections that are gone. */
  readonly collectionNos: ReadonlySet<number>;
  hasRevision(documentId: string, revision: number): boolean;
  /** Whether an ordinal lies in a range that was let go of. */
  hasOrdinal(collectionNo: number, ordinal: number): boolean;
}

type Payload =
  | { readonly storageKey: string }
  | { readonly documentId: string; readonly revision: number }
  | { readonly collectionNo: number; readonly storageKeys: readonly string[] };

export async function readExpectedPurges(db: Kysely<Database>): Promise<ExpectedPurges> {
  const jobs = await db
    .selectFrom('jobs')
    .select('payload')
    .where('kind', 'in', ['purge', 'purge-collection'])
    .where('state', 'in', ['queued', 'running'])
    .execute();
  const storageKeys = new Set<string>();
  const collectionNos = new Set<number>();
  const revisions = new Set<string>();
  for (const { payload } of jobs) {
    const of = JSON.parse(payload) as Payload;
    if ('storageKey' in of) storageKeys.add(of.storageKey);
    else if ('documentId' in of) revisions.add(nameOf(of.documentId, of.revision));
    else {
      collectionNos.add(of.collectionNo);
      for (const key of of.storageKeys) storageKeys.add(key);
    }
  }
  const dropped = await db
    .selectFrom('revisions')
    .selectAll()
    .where('dropped', '=', 1)
    .orderBy('collection_no')
    .orderBy('first_ordinal')
    .execute();
  const byCollection = Map.groupBy(dropped, ({ collection_no }) => Number(collection_no));
  return {
    storageKeys,
    collectionNos,
    hasRevision: (documentId, revision) => revisions.has(nameOf(documentId, revision)),
    hasOrdinal: (collectionNo, ordinal) =>
      collectionNos.has(collectionNo) || holds(byCollection.get(collectionNo) ?? [], ordinal),
  };
}

const nameOf = (documentId: string, revision: number): string => `${documentId} ${revision}`;

/** @param ranges in order, none over another. */
function holds(ranges: readonly RevisionRow[], ordinal: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Number((ranges[middle] as RevisionRow).first_ordinal) <= ordinal) low = middle + 1;
    else high = middle;
  }
  const range = ranges[low - 1];
  return range !== undefined && ordinal < Number(range.first_ordinal) + range.chunk_count;
}
