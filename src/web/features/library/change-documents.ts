import type { BulkAction, Document } from '../../../contract/documents.ts';
import { queryClient } from '../../client/query-client.ts';
import { changeCached, dropCached, refreshDocuments } from '../../data/document-cache.ts';
import { changeDocuments, patchDocument, reindexDocument } from '../../data/documents.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { toast, toastError } from '../../ui/toast.tsx';
import { inChunks } from './in-chunks.ts';

// All of these show what they do before the server has answered, and put it back when it refuses.

const shown = (n: number) => formatNumber(n);

/** @throws what the server answered, after putting back what was there and telling it */
export async function describeDocument(
  document: Document,
  fields: { title?: string; tags?: string[] },
): Promise<void> {
  const putBack = changeCached(queryClient, [document.id], (each) => ({ ...each, ...fields }));
  try {
    await patchDocument(document.id, fields);
  } catch (error) {
    putBack();
    toastError(error, text.library.changeFault(1, shown(1)));
    throw error;
  } finally {
    refreshDocuments(queryClient);
  }
}

/** In line again, whether it failed or is ready. */
const again = (document: Document): Document => {
  const { error: _, ...rest } = document;
  const status = document.status === 'ready' ? 'ready' : 'queued';
  return { ...rest, status, progress: { taskId: null, stage: 'queued', percent: 0 } };
};

export async function reindexOne(document: Document): Promise<void> {
  const putBack = changeCached(queryClient, [document.id], again);
  try {
    await reindexDocument(document.id);
  } catch (error) {
    putBack();
    toastError(error, text.library.changeFault(1, shown(1)));
  }
}

export type ManyAction = Exclude<BulkAction, { type: 'delete' }>;

const afterwards =
  (action: ManyAction) =>
  (document: Document): Document => {
    switch (action.type) {
      case 'reindex':
        return again(document);
      case 'move':
        return { ...document, collectionId: action.collectionId };
      case 'tag':
        return {
          ...document,
          tags: [...new Set([...document.tags.filter((tag) => !action.remove.includes(tag)), ...action.add])],
        };
      default:
        return action satisfies never;
    }
  };

/**
 * Does the same with many documents and says how it went.
 *
 * @param done What to say when all went well.
 */
export async function changeMany(
  ids: readonly string[],
  action: ManyAction,
  done: string,
  onProgress?: (sent: number) => void,
): Promise<void> {
  const putBack = changeCached(queryClient, ids, afterwards(action));
  try {
    const { failed } = await inChunks(ids, (some) => changeDocuments(some, action), onProgress);
    const [first] = failed;
    if (first === undefined) toast({ title: done, tone: 'good' });
    else
      toast({
        title: text.library.changeFault(failed.length, shown(failed.length)),
        detail: first.error.detail || first.error.title,
        tone: 'bad',
      });
    putBack(failed.map(({ documentId }) => documentId));
  } catch (error) {
    putBack();
    toastError(error, text.library.changeFault(ids.length, shown(ids.length)));
  } finally {
    refreshDocuments(queryClient);
  }
}

/** More than can wait for an undo: deleted at once. */
export async function deleteMany(ids: readonly string[], onProgress?: (sent: number) => void): Promise<void> {
  try {
    const { done, failed } = await inChunks(
      ids,
      async (some) => {
        const result = await changeDocuments(some, { type: 'delete' });
        dropCached(queryClient, result.done);
        return result;
      },
      onProgress,
    );
    const [first] = failed;
    if (first === undefined)
      toast({ title: text.library.deleted(done.length, shown(done.length)), tone: 'good' });
    else
      toast({
        title: text.library.deleteFault(failed.length, shown(failed.length)),
        detail: first.error.detail || first.error.title,
        tone: 'bad',
      });
  } catch (error) {
    toastError(error);
  } finally {
    refreshDocuments(queryClient);
  }
}
