/** Something that stands in one store and not in another, or not as the other says. */
export interface StoreFault {
  readonly check: FaultName;
  /** One sentence over all of it. */
  readonly detail: string;
  /** How many things are wrong in this way. */
  readonly count: number;
  /** Ids or places of the first of them. */
  readonly examples: readonly string[];
  /** What `--mend` does about it, or what to do where it can't. */
  readonly mend: string;
  /** Undefined: nothing that this program could do. */
  readonly repair: Repair | undefined;
}

export type FaultName =
  | 'database'
  | 'file-missing'
  | 'file-changed'
  | 'file-unknown'
  | 'document-range'
  | 'document-passages'
  | 'document-tags'
  | 'document-waiting'
  | 'revision-unused'
  | 'revision-unpurged'
  | 'revision-overlap'
  | 'page-unknown'
  | 'passage-unknown'
  | 'passage-text'
  | 'vector-missing'
  | 'vector-unknown'
  | 'vector-length'
  | 'vector-server'
  | 'words-unknown'
  | 'words-differ'
  | 'words-counted'
  | 'collection-count'
  | 'collection-ordinals'
  | 'tombstone-unpurged'
  | 'job-without-document'
  | 'item-waiting'
  | 'task-open'
  | 'usage-without-user';

/** Ordinals `first` … `first + count - 1` of a collection. */
export interface Range {
  readonly collectionNo: number;
  readonly first: number;
  readonly count: number;
}

export interface RevisionName {
  readonly documentId: string;
  readonly revision: number;
}

/** What `mendInstallation` does; each looks again, within its transaction, whether it is still needed. */
export type Repair =
  | { readonly do: 'read-again'; readonly documentIds: readonly string[] }
  | { readonly do: 'remove-files'; readonly keys: readonly string[] }
  | { readonly do: 'write-tags'; readonly documentIds: readonly string[] }
  | { readonly do: 'drop-revisions'; readonly revisions: readonly RevisionName[] }
  | { readonly do: 'purge-again'; readonly revisions: readonly RevisionName[] }
  | { readonly do: 'remove-pages'; readonly revisions: readonly RevisionName[] }
  | { readonly do: 'remove-passages'; readonly revisions: readonly RevisionName[] }
  | { readonly do: 'remove-vectors'; readonly ranges: readonly Range[] }
  | { readonly do: 'write-words'; readonly ranges: readonly Range[] }
  | { readonly do: 'count-words'; readonly collectionNos: readonly number[] }
  | { readonly do: 'count-collections'; readonly collectionIds: readonly string[] }
  | { readonly do: 'settle-tombstones'; readonly ids: readonly number[] }
  | { readonly do: 'cancel-jobs'; readonly documentIds: readonly string[] }
  | { readonly do: 'settle-items'; readonly documentIds: readonly string[] }
  | { readonly do: 'settle-tasks'; readonly taskIds: readonly string[] }
  | { readonly do: 'remove-usage'; readonly userIds: readonly string[] }
  | { readonly do: 'sync-vector-server' };

const EXAMPLES = 5;

/** @param found the places of what is wrong; nothing is wrong without any. */
export function faultOf(
  found: readonly string[],
  fault: Omit<StoreFault, 'count' | 'examples'>,
): StoreFault[] {
  if (found.length === 0) return [];
  return [{ ...fault, count: found.length, examples: found.slice(0, EXAMPLES) }];
}

/** Single ordinals as ranges, where they follow one another. */
export function asRanges(ordinals: readonly { collectionNo: number; ordinal: number }[]): Range[] {
  const ranges: { collectionNo: number; first: number; count: number }[] = [];
  for (const { collectionNo, ordinal } of ordinals) {
    const last = ranges.at(-1);
    if (last?.collectionNo === collectionNo && last.first + last.count === ordinal) last.count++;
    else ranges.push({ collectionNo, first: ordinal, count: 1 });
  }
  return ranges;
}
