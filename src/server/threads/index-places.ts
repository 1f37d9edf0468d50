import type { RecordsPlace } from '../records/open-records.ts';

/** Where vectors are searched: beside the records, or on a server of their own that follows them. */
export type VectorsPlace =
  | { readonly kind: 'records' }
  | {
      readonly kind: 'qdrant';
      readonly url: string;
      readonly apiKey: string | undefined;
      /** Names the installation. */
      readonly prefix: string;
      /** Of the embedder. */
      readonly fingerprint: string;
    };

/** Where a thread finds what it reads and writes. */
export interface Places {
  /** Migrated. */
  readonly records: RecordsPlace;
  /** Beside the records when left out. */
  readonly vectors?: VectorsPlace;
}
