import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Kysely } from 'kysely';
import type { StoredFile } from '../ports/file-store.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { Database } from '../ports/schema.ts';
import { takeIn } from '../records/intake.ts';
import { removeDocument } from '../records/removal.ts';
import type { FolderFile } from './walk-folder.ts';

export interface FolderTarget {
  readonly db: Kysely<Database>;
  readonly queue: JobQueue;
  readonly userId: string;
  readonly collectionId: string;
  /** Makes the file's bytes available to ingestion. Called only for content that is not there yet. */
  readonly store: (file: FolderFile, sha256: string) => Promise<StoredFile>;
  /** Documents whose file is gone are removed. */
  readonly prune: boolean;
}

export interface FolderChange {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly removed: number;
  /** The work that follows from it. */
  readonly taskIds: readonly string[];
}

/** Taken in at a time, so that work begins before the last file has been read. */
const BATCH = 20;

/**
 * Brings the collection in step with the files. What is there is known by the address of its file: an unchanged
 * file (same size and time of change) is not even opened, one with known content is not read again.
 */
export async function syncFolder(
  target: FolderTarget,
  folder: string,
  files: readonly FolderFile[],
  onFile: (done: number, file: FolderFile) => void,
): Promise<FolderChange> {
  const { db, queue, userId, collectionId } = target;
  const before = await knownFiles(db, collectionId, pathToFileURL(`${folder}/`).href);
  const taskIds: string[] = [];
  const count = { added: 0, changed: 0, unchanged: 0, removed: 0 };
  let batch: Parameters<typeof takeIn>[2]['files'][number][] = [];
  const outdated: string[] = [];
  const flush = async () => {
    if (batch.length === 0) return;
    const { taskId } = await takeIn(db, queue, { userId, files: batch });
    if (taskId !== null) taskIds.push(taskId);
    batch = [];
  };

  for (const [i, file] of files.entries()) {
    const address = addressOf(file);
    const known = before.get(address);
    before.delete(address);
    const stamp = `${address}#${file.sizeBytes}-${Math.floor(file.mtimeMs)}`;
    onFile(i, file);
    if (known?.some(({ source_url }) => source_url === stamp)) {
      count.unchanged++;
      continue;
    }
    const sha256 = await hashFile(file.path);
    const same = known?.find((row) => row.sha256 === sha256);
    if (same !== undefined) {
      await db.updateTable('documents').set({ source_url: stamp }).where('id', '=', same.id).execute();
      count.unchanged++;
      continue;
    }
    known === undefined ? count.added++ : count.changed++;
    for (const { id } of known ?? []) outdated.push(id);
    batch.push({
      collectionId,
      filename: basename(file.name),
      sourceUrl: stamp,
      stored: await target.store(file, sha256),
    });
    if (batch.length === BATCH) await flush();
  }
  await flush();
  for (const id of outdated) await removeDocument(db, queue, id);
  if (target.prune) {
    for (const rows of before.values()) {
      for (const { id } of rows) await removeDocument(db, queue, id);
      count.removed++;
    }
  }
  return { ...count, taskIds };
}

const addressOf = (file: FolderFile): string => pathToFileURL(file.path).href;

interface KnownFile {
  readonly id: string;
  readonly sha256: string;
  readonly source_url: string | null;
}

/** By address of the file, without the stamp. */
async function knownFiles(
  db: Kysely<Database>,
  collectionId: string,
  prefix: string,
): Promise<Map<string, KnownFile[]>> {
  const rows = await db
    .selectFrom('documents')
    .select(['id', 'sha256', 'source_url'])
    .where('collection_id', '=', collectionId)
    .execute();
  const known = new Map<string, KnownFile[]>();
  for (const row of rows) {
    if (!row.source_url?.startsWith(prefix)) continue;
    const address = row.source_url.slice(0, row.source_url.lastIndexOf('#'));
    known.set(address, [...(known.get(address) ?? []), row]);
  }
  return known;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest('hex');
}
