import type { Readable } from 'node:stream';
import type { Kysely } from 'kysely';
import { AppError } from '../../errors.ts';
import { faultPoint } from '../../fault-point.ts';
import type { Events } from '../../ports/events.ts';
import type { FileStore, StoredFile } from '../../ports/file-store.ts';
import type { JobQueue } from '../../ports/job-queue.ts';
import type { Database } from '../../ports/schema.ts';
import { type Taken, type TakenFile, takeIn } from '../../records/intake.ts';
import { createQuota, quotaExceeded } from './quota.ts';

export type ReceivedFile = Omit<TakenFile, 'collectionId'>;

/** The way of a user's files from a stream to document rows: stored first, then taken in together, or removed. */
export interface Storing {
  /**
   * Stores one stream.
   * @param already bytes that the same request has stored before.
   * @throws AppError DOCUMENT_TOO_LARGE, QUOTA_EXCEEDED, FILE_EMPTY; nothing is left then.
   */
  store(userId: string, content: Readable, already?: number): Promise<StoredFile>;
  /** Files that are of no use afterwards are removed. @throws AppError QUOTA_EXCEEDED */
  takeIn(userId: string, collectionId: string, files: readonly ReceivedFile[]): Promise<Taken>;
  /** Removes stored files that no document names. */
  drop(files: readonly ReceivedFile[]): Promise<void>;
}

export function createStoring({
  db,
  queue,
  events,
  files,
  limits,
}: {
  readonly db: Kysely<Database>;
  readonly queue: JobQueue;
  readonly events: Events;
  readonly files: FileStore;
  readonly limits: { readonly maxBytes: number; readonly userQuotaBytes: number | undefined };
}): Storing {
  const quota = createQuota(db, limits.userQuotaBytes);
  const drop = async (received: readonly ReceivedFile[]) => {
    // what cannot be removed now is swept later, since no document names it
    await Promise.allSettled(received.map(({ stored }) => files.remove(stored.key)));
  };
  return {
    drop,
    async store(userId, content, already = 0) {
      const free = (await quota.free(userId)) - already;
      if (free <= 0) throw quotaExceeded();
      events.publish('upload', '');
      const stored = await files.put(content, Math.min(free, limits.maxBytes)).catch((error: unknown) => {
        const full =
          error instanceof AppError && error.code === 'DOCUMENT_TOO_LARGE' && free < limits.maxBytes;
        throw full ? quotaExceeded() : error;
      });
      if (stored.sizeBytes > 0) return stored;
      await files.remove(stored.key);
      throw new AppError('FILE_EMPTY', 'The file is empty.');
    },
    async takeIn(userId, collectionId, received) {
      const bytes = received.reduce((sum, { stored }) => sum + stored.sizeBytes, 0);
      const taken = await quota.within(userId, bytes, () =>
        takeIn(db, queue, { userId, files: received.map((file) => ({ ...file, collectionId })) }),
      );
      faultPoint('rows-kept');
      if (taken.taskId !== null) events.publish('task', taken.taskId);
      await drop(received.filter(({ stored }, at) => taken.documents[at]?.row.storage_key !== stored.key));
      return taken;
    },
  };
}
