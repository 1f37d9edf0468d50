import { createHash } from 'node:crypto';
import type { Readable, Writable } from 'node:stream';
import { type Kysely, sql } from 'kysely';
import { AppError } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import type { FileStore } from '../ports/file-store.ts';
import type { Database } from '../ports/schema.ts';
import { holdFiles } from '../records/held-files.ts';
import type { RecordsPlace } from '../records/open-records.ts';
import { readSnapshot } from '../records/read-snapshot.ts';
import { storedOriginals } from '../records/stored-originals.ts';
import { version } from '../version.ts';
import { type ArchiveWriter, createArchiveWriter } from './archive-writer.ts';
import {
  CONTENTS,
  type Contents,
  FORMAT,
  fileName,
  JWT_SECRET,
  MANIFEST,
  type Manifest,
  VECTORS,
} from './backup-format.ts';
import { packRecords, readCounters } from './pack-records.ts';

export interface BackedUpStores {
  /** Of this release or an earlier one. */
  readonly records: RecordsPlace;
  /** Of the same records, for writing. */
  readonly db: Kysely<Database>;
  readonly files: FileStore;
  /** A copy of what the server of vectors holds, as a stream; undefined: not wanted. */
  readonly vectors?:
    | ((use: (content: Readable, sizeBytes: number) => Promise<void>) => Promise<void>)
    | undefined;
  /** Goes into the backup as it is; undefined: not wanted, or not kept by the installation. */
  readonly jwtSecret?: string | undefined;
}

export interface WrittenBackup extends Contents {
  readonly manifest: Manifest;
  /** Before compression. */
  readonly bytes: number;
}

/**
 * Writes a copy of everything as it is at one moment, while the service runs: the rows of a snapshot, then the files
 * that they name, which nobody removes until they are written. In memory are the names of the files (some 200 bytes
 * each) and what is on its way.
 *
 * @param to is ended.
 */
export async function writeBackup(stores: BackedUpStores, to: Writable): Promise<WrittenBackup> {
  const hold = await holdFiles(stores.db);
  const takenAt = new Date();
  const archive = createArchiveWriter(to, takenAt);
  try {
    const { manifest, parts, rows, files } = await readSnapshot(stores.records, (db) =>
      writeRecords(db, archive, takenAt, stores.records.kind),
    );
    if (stores.jwtSecret !== undefined) {
      const content = Buffer.from(stores.jwtSecret);
      await archive.add(JWT_SECRET, content);
      parts.push({ name: JWT_SECRET, sha256: sha256(content), rows: 0 });
    }
    await stores.vectors?.(async (content, sizeBytes) => {
      const hash = createHash('sha256');
      if (!(await archive.addStream({ name: VECTORS, sizeBytes }, hashed(content, hash))))
        throw new Error('The snapshot of the server of vectors is not as long as it said.');
      parts.push({ name: VECTORS, sha256: hash.digest('hex'), rows: 0 });
    });
    const { lostFiles, count, bytes } = await writeFiles(stores.files, files, archive);
    const contents: Contents = { parts, rows, files: { count, bytes }, lostFiles };
    await archive.add(CONTENTS, asJson(contents));
    return { ...contents, manifest, bytes: await archive.finish() };
  } catch (error) {
    archive.destroy();
    throw error;
  } finally {
    await hold.release();
  }
}

interface NamedFile {
  readonly key: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

async function writeRecords(
  db: Kysely<Database>,
  archive: ArchiveWriter,
  takenAt: Date,
  database: Manifest['database'],
) {
  const index = await db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', 'index')
    .executeTakeFirst();
  const { rows: versions } = await sql<{ version: number }>`
    select max(version) as version from schema_migrations`.execute(db);
  const manifest: Manifest = {
    format: FORMAT,
    version,
    takenAt: takenAt.toISOString(),
    schemaVersion: Number(versions[0]?.version),
    index: index?.value ?? null,
    database,
    counters: await readCounters(db),
  };
  await archive.add(MANIFEST, asJson(manifest));
  const parts: Contents['parts'] = [{ name: MANIFEST, sha256: sha256(asJson(manifest)), rows: 0 }];
  const rows: Record<string, number> = {};
  for await (const part of packRecords(db)) {
    await archive.add(part.name, part.content);
    parts.push({ name: part.name, sha256: sha256(part.content), rows: part.rows });
    rows[part.table] = (rows[part.table] ?? 0) + part.rows;
  }
  faultPoint('backup-records-written');
  return { manifest, parts, rows, files: await namedFiles(db) };
}

/** Of all documents: each file once. */
async function namedFiles(db: Kysely<Database>): Promise<NamedFile[]> {
  const files = new Map<string, NamedFile>();
  for await (const { storage_key: key, size_bytes, sha256: hash } of storedOriginals(db))
    files.set(key, { key, sizeBytes: Number(size_bytes), sha256: hash });
  return [...files.values()];
}

/** An original that is lost or damaged does not keep the others from being saved. */
async function writeFiles(store: FileStore, files: readonly NamedFile[], archive: ArchiveWriter) {
  const lostFiles: string[] = [];
  let count = 0;
  let bytes = 0;
  for (const file of files) {
    const content = await store.read(file.key).catch((error: unknown) => {
      if (error instanceof AppError && error.code === 'FILE_MISSING') return undefined;
      throw error;
    });
    if (content === undefined) {
      lostFiles.push(file.key);
      continue;
    }
    const hash = createHash('sha256');
    const whole = await archive.addStream(
      { name: fileName(file.key), sizeBytes: file.sizeBytes },
      hashed(content, hash),
    );
    faultPoint('backup-file-written');
    count++;
    bytes += file.sizeBytes;
    if (!whole || hash.digest('hex') !== file.sha256) lostFiles.push(file.key);
  }
  return { lostFiles, count, bytes };
}

async function* hashed(
  content: AsyncIterable<Buffer>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Buffer> {
  for await (const some of content) {
    hash.update(some);
    yield some;
  }
}

const asJson = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const sha256 = (content: Uint8Array): string => createHash('sha256').update(content).digest('hex');
