import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import type { Kysely } from 'kysely';
import type { z } from 'zod';
import { faultPoint } from '../fault-point.ts';
import type { FileStore } from '../ports/file-store.ts';
import type { Database } from '../ports/schema.ts';
import { MIGRATIONS } from '../records/migrations/all.ts';
import type { RecordsPlace } from '../records/open-records.ts';
import { BrokenArchive, CUT_OFF, type ReadEntry, readArchive } from './archive-reader.ts';
import {
  CONTENTS,
  type Contents,
  contentsSchema,
  JWT_SECRET,
  MANIFEST,
  type Manifest,
  MOST_PART_BYTES,
  manifestSchema,
  VECTORS,
} from './backup-format.ts';
import { loadRecords, needEmpty } from './restore-target.ts';
import { restoreCounters, tableNamed, unpackPart } from './unpack-records.ts';

export interface RestoreTarget {
  readonly records: RecordsPlace;
  readonly files: FileStore;
  /** Where `files` are, if they are in a folder of this machine. */
  readonly filesDir: string | undefined;
  readonly dataDir: string;
  /** Where vectors are searched on a server of their own. A copy of what it held is left out otherwise. */
  readonly vectors?: RestoredVectors | undefined;
}

export interface RestoredVectors {
  /** Loads it into an empty place. @param db all rows, before they take their place. */
  load(db: Kysely<Database>, content: Readable): Promise<void>;
  /** Removes what was loaded. */
  discard(): Promise<void>;
  close(): void;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly contents: Contents;
}

/**
 * Restores a backup into an empty installation, whichever database and file store it uses, in one reading: every part
 * is compared with its sum, and what was loaded takes its place only when the last one agrees.
 *
 * @throws BrokenArchive, NotEmpty, and whatever the stores say; nothing is left behind then.
 */
export async function restoreBackup(target: RestoreTarget, from: Readable): Promise<Restored> {
  const { files, filesDir, dataDir, records, vectors } = target;
  const fresh = [dataDir, ...(filesDir === undefined ? [] : [filesDir])].filter((path) => !existsSync(path));
  const hadSecret = existsSync(join(dataDir, 'jwt-secret'));
  const stored: string[] = [];
  const entries = readArchive(from);
  try {
    await needEmpty(records);
    await mkdir(dataDir, { recursive: true });
    const manifest = await readManifest(entries);
    const contents = await loadRecords(records, manifest.data.schemaVersion, async (db) => {
      const room = await roomIn(dataDir);
      const archive = new Unpacking({ db, files, stored, room, vectors });
      archive.note(MANIFEST, manifest.content, 0);
      const unpacked = await archive.unpack(entries);
      await restoreCounters(db, manifest.data.counters);
      // before the records take their place: those without their secret would end all sessions
      if (archive.jwtSecret !== undefined) await keepSecret(dataDir, archive.jwtSecret);
      faultPoint('restore-loaded');
      return unpacked;
    });
    faultPoint('restore-placed');
    return { manifest: manifest.data, contents };
  } catch (error) {
    for (const key of stored) await files.remove(key).catch(() => {});
    await vectors?.discard().catch(() => {});
    if (filesDir !== undefined && fresh.includes(filesDir))
      await rm(filesDir, { recursive: true, force: true });
    if (!hadSecret) await rm(join(dataDir, 'jwt-secret'), { force: true });
    // one that something else is in stays
    if (fresh.includes(dataDir)) await rmdir(dataDir).catch(() => {});
    throw error;
  } finally {
    await entries.return(undefined);
  }
}

async function readManifest(
  entries: AsyncGenerator<ReadEntry>,
): Promise<{ data: Manifest; content: Buffer }> {
  const first = (await entries.next()).value as ReadEntry | undefined;
  if (first?.name !== MANIFEST) throw new BrokenArchive('This is no backup of Knowledge Assistant.');
  const content = await readPart(first);
  const format = (asJson(content) as { format?: unknown } | undefined)?.format;
  if (typeof format === 'number' && format > 1)
    throw new BrokenArchive('The backup was made by a newer release: restore it with that one.');
  const data = checked(manifestSchema, content, MANIFEST);
  const newest = MIGRATIONS.at(-1)?.version ?? 0;
  if (data.schemaVersion > newest)
    throw new BrokenArchive(
      `The backup was made by a newer release (${data.version}, schema version ${data.schemaVersion}; this one knows ${newest}): restore it with that one.`,
    );
  return { data, content };
}

interface UnpackingTarget {
  readonly db: Kysely<Database>;
  readonly files: FileStore;
  readonly stored: string[];
  readonly room: number;
  readonly vectors: RestoredVectors | undefined;
}

/** One reading of an archive, behind its manifest. */
class Unpacking {
  readonly #db: Kysely<Database>;
  readonly #files: FileStore;
  /** Keys of what has been put into the store. */
  readonly #stored: string[];
  #room: number;
  readonly #parts: Contents['parts'] = [];
  readonly #rows: Record<string, number> = {};
  readonly #keys = new Map<string, string>();
  readonly #damaged = new Set<string>();
  #fileBytes = 0;
  readonly #vectors: RestoredVectors | undefined;
  jwtSecret: string | undefined;

  constructor({ db, files, stored, room, vectors }: UnpackingTarget) {
    this.#db = db;
    this.#files = files;
    this.#stored = stored;
    this.#room = room;
    this.#vectors = vectors;
  }

  note(name: string, content: Buffer, rows: number): void {
    const sha256 = createHash('sha256').update(content).digest('hex');
    this.#parts.push({ name, sha256, rows });
  }

  async unpack(entries: AsyncIterable<ReadEntry>): Promise<Contents> {
    let contents: Contents | undefined;
    for await (const entry of entries) {
      if (contents !== undefined)
        throw new BrokenArchive(`The backup goes on behind its end: ${shown(entry)}.`);
      if (entry.name === CONTENTS) contents = checked(contentsSchema, await readPart(entry), CONTENTS);
      else await this.#take(entry);
    }
    if (contents === undefined) throw new BrokenArchive(CUT_OFF);
    await this.#compare(contents);
    await this.#nameFiles();
    return contents;
  }

  async #take(entry: ReadEntry): Promise<void> {
    if (entry.name === VECTORS) return this.#takeVectors(entry);
    const [folder, name = '', part, more] = entry.name.split('/');
    this.#room -= entry.sizeBytes;
    if (this.#room < 0)
      throw new BrokenArchive(
        'The backup holds more than this disk has room for: make room, or set DATA_DIR.',
      );
    if (folder === 'records' && part !== undefined && more === undefined) {
      const table = tableNamed(name);
      const content = await readPart(entry);
      const rows = await unpackPart(this.#db, table, content);
      this.#rows[name] = (this.#rows[name] ?? 0) + rows;
      this.note(entry.name, content, rows);
    } else if (folder === 'files' && part === undefined) await this.#takeFile(name, entry);
    else if (entry.name === JWT_SECRET) {
      const content = await readPart(entry);
      this.jwtSecret = content.toString('utf8');
      this.note(entry.name, content, 0);
    } else throw new BrokenArchive(`The backup holds something that belongs to none: ${shown(entry)}.`);
  }

  async #takeVectors(entry: ReadEntry): Promise<void> {
    const hash = createHash('sha256');
    const hashed = async function* () {
      for await (const some of entry.content()) {
        hash.update(some);
        yield some;
      }
    };
    const content = Readable.from(hashed(), { objectMode: false });
    if (this.#vectors === undefined) content.resume();
    await (this.#vectors === undefined ? finished(content) : this.#vectors.load(this.#db, content));
    this.#parts.push({ name: VECTORS, sha256: hash.digest('hex'), rows: 0 });
  }

  /** A file gets a key of its own in this store; the name in the archive only tells whose it is. */
  async #takeFile(key: string, entry: ReadEntry): Promise<void> {
    const document = await this.#db
      .selectFrom('documents')
      .select(['size_bytes', 'sha256'])
      .where('storage_key', '=', key)
      .limit(1)
      .executeTakeFirst();
    if (document === undefined || Number(document.size_bytes) !== entry.sizeBytes || this.#keys.has(key))
      throw new BrokenArchive(`The backup holds a file that is no document's: ${shown(entry)}.`);
    const put = await this.#files.put(Readable.from(entry.content(), { objectMode: false }), entry.sizeBytes);
    this.#stored.push(put.key);
    this.#keys.set(key, put.key);
    this.#fileBytes += put.sizeBytes;
    if (put.sha256 !== document.sha256) this.#damaged.add(key);
  }

  async #compare(contents: Contents): Promise<void> {
    const damaged = () =>
      new BrokenArchive('The backup is damaged: what it holds is not what its list says.');
    const { parts, rows, files, lostFiles } = contents;
    if (JSON.stringify(parts) !== JSON.stringify(this.#parts)) throw damaged();
    if (JSON.stringify(rows) !== JSON.stringify(this.#rows)) throw damaged();
    if (files.count !== this.#keys.size || files.bytes !== this.#fileBytes) throw damaged();
    // those that were lost when it was made are known to be
    const lost = new Set(lostFiles);
    for (const key of this.#damaged) if (!lost.has(key)) throw damaged();
    const named = await this.#db.selectFrom('documents').select('storage_key').distinct().execute();
    for (const { storage_key } of named)
      if (!this.#keys.has(storage_key) && !lost.has(storage_key)) throw damaged();
  }

  async #nameFiles(): Promise<void> {
    for (const [from, to] of this.#keys)
      await this.#db
        .updateTable('documents')
        .set({ storage_key: to })
        .where('storage_key', '=', from)
        .execute();
  }
}

const shown = ({ name }: ReadEntry): string => JSON.stringify(name);

async function readPart(entry: ReadEntry): Promise<Buffer> {
  if (entry.sizeBytes > MOST_PART_BYTES)
    throw new BrokenArchive(`A part of the backup is too large to be one: ${shown(entry)}.`);
  return buffer(entry.content());
}

function asJson(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return undefined;
  }
}

function checked<T>(schema: z.ZodType<T>, content: Buffer, name: string): T {
  const result = schema.safeParse(asJson(content));
  if (!result.success) throw new BrokenArchive(`The backup's ${name} is not valid.`);
  return result.data;
}

async function roomIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** As the installation keeps it (`http/jwt-secret.ts`). */
async function keepSecret(dataDir: string, secret: string): Promise<void> {
  const made = join(dataDir, 'jwt-secret.restored');
  await writeFile(made, secret, { mode: 0o600 });
  await rename(made, join(dataDir, 'jwt-secret'));
}
