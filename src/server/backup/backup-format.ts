import { z } from 'zod';

/**
 * A backup is a tar archive, compressed by zstd:
 *
 *   manifest.json                 what it is of
 *   records/<table>/<n>.jsonl     rows: a line with the columns, then a line a row
 *   secrets/jwt-secret            only where it was asked for
 *   vectors/qdrant.snapshot       the same: what the server of vectors holds, as it writes it
 *   files/<key>                   originals, by the key of their documents' rows
 *   contents.json                 sums of all of it: a backup without it is not whole
 *
 * Rows are the same whichever database they came from, so that they can be restored into the other one.
 */
export const FORMAT = 1;

export const MANIFEST = 'manifest.json';
export const CONTENTS = 'contents.json';
export const JWT_SECRET = 'secrets/jwt-secret';
export const VECTORS = 'vectors/qdrant.snapshot';
export const recordsName = (table: string, part: number): string =>
  `records/${table}/${String(part).padStart(6, '0')}.jsonl`;
export const fileName = (key: string): string => `files/${key}`;

export const manifestSchema = z.object({
  format: z.literal(FORMAT),
  /** Of the program that made it. */
  version: z.string(),
  /** The moment that it shows. */
  takenAt: z.iso.datetime(),
  /** Of the records' tables. */
  schemaVersion: z.int().min(1),
  /** What the indexes were made by. */
  index: z.string().nullable(),
  database: z.enum(['sqlite', 'postgres']),
  /** The last number that was given, by table: they are not given again. */
  counters: z.record(z.string(), z.int().min(0)),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const contentsSchema = z.object({
  /** In the order of the archive; originals are proved by their documents' rows. */
  parts: z.array(z.object({ name: z.string(), sha256: z.string(), rows: z.int().min(0) })),
  rows: z.record(z.string(), z.int().min(0)),
  files: z.object({ count: z.int().min(0), bytes: z.int().min(0) }),
  /** Keys of originals that the file store did not have, or not with the bytes that they should have. */
  lostFiles: z.array(z.string()),
});
export type Contents = z.infer<typeof contentsSchema>;

/** The first line of a part. */
export const partHeadSchema = z.object({
  columns: z.array(z.string().regex(/^[a-z0-9_]+$/)).min(1),
});

/** Of uncompressed rows: what is packed and unpacked at once. */
export const PART_BYTES = 4 * 1024 * 1024;
/** One row is at most a few MB longer than that. */
export const MOST_PART_BYTES = 64 * 1024 * 1024;
