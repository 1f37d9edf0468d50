import type { DocumentWriter } from './document-writer.ts';

export interface Source {
  readonly bytes: Buffer;
  /** Lower case, without the dot; '' when the name has none. A hint only. */
  readonly extension: string;
}

/** Reads one format into the writer. Throws AppErrors of the parse group; anything else counts as FILE_BROKEN. */
export type FormatReader = (source: Source, out: DocumentWriter) => void | Promise<void>;
