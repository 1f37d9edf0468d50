import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { AppError } from '../errors.ts';
import type { FileStore } from '../ports/file-store.ts';
import type { Database } from '../ports/schema.ts';
import { type StoredOriginal, storedOriginals } from '../records/stored-originals.ts';
import { type ExpectedPurges, readExpectedPurges } from './expected-purges.ts';
import { faultOf, type StoreFault } from './store-fault.ts';

const PAGE = 500;

export interface FileStores {
  /** As of one moment. */
  readonly db: Kysely<Database>;
  /** As of now: what was removed since that moment is not missing. */
  readonly now: Kysely<Database>;
  readonly files: FileStore;
  readonly purges: ExpectedPurges;
  /** A younger file that no document uses may belong to a request that still runs. */
  readonly uploadsSince: Date;
}

/** Every document's file is there with its bytes, and every file is some document's. */
export async function checkFiles(stores: FileStores): Promise<{ files: number; faults: StoreFault[] }> {
  const missing: string[] = [];
  const changed: string[] = [];
  let files = 0;
  for await (const document of storedOriginals(stores.db)) {
    const state = await stateOf(stores.files, document);
    files++;
    if (state === 'same' || (await isGone(stores.now, document))) continue;
    (state === 'missing' ? missing : changed).push(document.id);
  }
  const unknown = await unknownFiles(stores);
  return {
    files,
    faults: [
      ...faultOf(missing, {
        check: 'file-missing',
        detail: 'The original of a document is not in the file store. The document is still found and cited.',
        mend: 'restore it from a backup, or upload the file again and delete the document',
        repair: undefined,
      }),
      ...faultOf(changed, {
        check: 'file-changed',
        detail: 'A stored original has other bytes than the document was made of (size or SHA-256 differ).',
        mend: 'restore it from a backup, or upload the file again and delete the document',
        repair: undefined,
      }),
      ...faultOf(unknown, {
        check: 'file-unknown',
        detail: 'The file store holds files that no document uses.',
        mend: 'they are removed',
        repair: { do: 'remove-files', keys: unknown },
      }),
    ],
  };
}

async function stateOf(files: FileStore, document: StoredOriginal): Promise<'same' | 'missing' | 'changed'> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const some of await files.read(document.storage_key)) {
      hash.update(some as Buffer);
      bytes += (some as Buffer).byteLength;
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
    return 'missing';
  }
  const same = bytes === Number(document.size_bytes) && hash.digest('hex') === document.sha256;
  return same ? 'same' : 'changed';
}

const isMissing = (error: unknown): boolean =>
  (error instanceof AppError && error.code === 'FILE_MISSING') ||
  // removed between its look-up and its opening
  (error as NodeJS.ErrnoException).code === 'ENOENT';

async function isGone(db: Kysely<Database>, { id, storage_key }: StoredOriginal): Promise<boolean> {
  const row = await db
    .selectFrom('documents')
    .select('id')
    .where('id', '=', id)
    .where('storage_key', '=', storage_key)
    .executeTakeFirst();
  return row === undefined;
}

async function unknownFiles({ now, files, purges, uploadsSince }: FileStores): Promise<string[]> {
  const unknown: string[] = [];
  let some: string[] = [];
  const look = async () => {
    const rows = await now
      .selectFrom('documents')
      .select('storage_key')
      .where('storage_key', 'in', some)
      .execute();
    const known = new Set(rows.map(({ storage_key }) => storage_key));
    unknown.push(...some.filter((key) => !known.has(key) && !purges.storageKeys.has(key)));
    some = [];
  };
  for await (const { key, storedAt } of files.list()) {
    if (storedAt > uploadsSince) continue;
    some.push(key);
    if (some.length === PAGE) await look();
  }
  await look();
  if (unknown.length === 0) return unknown;
  // what was deleted since that moment waits for its purge, or has been purged
  const { storageKeys } = await readExpectedPurges(now);
  const left: string[] = [];
  for (const key of unknown) if (!storageKeys.has(key) && (await isThere(files, key))) left.push(key);
  return left;
}

async function isThere(files: FileStore, key: string): Promise<boolean> {
  try {
    const content = await files.read(key);
    content.on('error', () => {}).destroy();
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
