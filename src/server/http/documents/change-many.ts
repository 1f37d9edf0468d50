import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { type BulkAction, type BulkResult, tags as tagList } from '../../../contract/documents.ts';
import { makeItemError } from '../../../contract/make-problem.ts';
import { AppError } from '../../errors.ts';
import type { Events } from '../../ports/events.ts';
import type { JobQueue } from '../../ports/job-queue.ts';
import type { Database } from '../../ports/schema.ts';
import { noteAudit } from '../../records/audit.ts';
import { describeDocument, needDocument, type StoredDocument } from '../../records/documents.ts';
import { moveDocument, reindex } from '../../records/intake.ts';
import { removeDocument } from '../../records/removal.ts';
import type { Caller } from '../auth.ts';
import { needCollection } from '../collection-access.ts';
import { asAppError } from '../problem.ts';

/** Documents that one transaction puts in line: some 2 ms. */
const REINDEXED_AT_ONCE = 25;

interface Ports {
  readonly db: Kysely<Database>;
  readonly queue: JobQueue;
  readonly events: Events;
}

/**
 * Does the same with many documents, one after the other, each as its own route does it: what one may not do or is
 * not there fails alone. Other requests get their turn in between.
 *
 * @throws AppError NOT_FOUND, FORBIDDEN for a collection to move to that the caller may not change
 */
export async function changeMany(
  { db, queue, events }: Ports,
  caller: Pick<Caller, 'userId'> & { readonly ip: string },
  documentIds: readonly string[],
  action: BulkAction,
): Promise<BulkResult> {
  const { userId, ip } = caller;
  if (action.type === 'move') await needCollection(db, caller, action.collectionId, 'editor');
  const result: BulkResult = { done: [], failed: [], taskId: null };
  const ids = [...new Set(documentIds)];
  const attempt = async (documentId: string, work: () => Promise<unknown>) => {
    try {
      await work();
      result.done.push(documentId);
    } catch (error) {
      const { code, message } = asAppError(error);
      if (code === 'INTERNAL') throw error;
      result.failed.push({ documentId, error: makeItemError(code, message) });
    }
    await nextTurn();
  };
  const each = async (work: (document: StoredDocument) => Promise<unknown>) => {
    for (const documentId of ids)
      await attempt(documentId, async () => work(await needDocument(db, userId, documentId, 'editor')));
  };
  const readAgain = async (some: readonly string[]) => {
    result.taskId = await reindex(db, queue, userId, some, result.taskId ?? undefined);
    events.publish('task', result.taskId);
  };
  switch (action.type) {
    case 'delete':
      await each(async ({ id }) => {
        for (const taskId of await removeDocument(db, queue, id)) events.publish('task', taskId);
        await noteAudit(db, { action: 'document.deleted', actorId: userId, target: id, ip });
      });
      break;
    case 'move':
      await each(({ id }) => moveDocument(db, queue, id, action.collectionId));
      break;
    case 'tag':
      await each((document) => {
        const kept = (JSON.parse(document.tags) as string[]).filter((tag) => !action.remove.includes(tag));
        const tags = tagList.safeParse([...new Set([...kept, ...action.add])]);
        if (!tags.success) throw new AppError('VALIDATION', 'A document takes at most 50 tags.');
        return db.transaction().execute((tx) => describeDocument(tx, document, { tags: tags.data }));
      });
      break;
    case 'reindex': {
      await each(() => Promise.resolve());
      const allowed = result.done.splice(0);
      for (let from = 0; from < allowed.length; from += REINDEXED_AT_ONCE) {
        const some = allowed.slice(from, from + REINDEXED_AT_ONCE);
        try {
          await readAgain(some);
          result.done.push(...some);
          await nextTurn();
        } catch (error) {
          if (asAppError(error).code === 'INTERNAL') throw error;
          // one of them was deleted since it was looked at
          for (const documentId of some) await attempt(documentId, () => readAgain([documentId]));
        }
      }
      break;
    }
    default:
      action satisfies never;
  }
  return result;
}
