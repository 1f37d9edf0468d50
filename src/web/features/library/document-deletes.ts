import { useSyncExternalStore } from 'react';
import type { ItemError } from '../../../contract/common.ts';
import type { Document } from '../../../contract/documents.ts';
import { queryClient } from '../../client/query-client.ts';
import { dropCached, refreshDocuments } from '../../data/document-cache.ts';
import { changeDocuments } from '../../data/documents.ts';
import { formatNumber } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { toast, toastError } from '../../ui/toast.tsx';
import { inChunks } from './in-chunks.ts';
import { createPendingDeletes } from './pending-deletes.ts';

const UNDO_MS = 6000;

const deletes = createPendingDeletes({
  delayMs: UNDO_MS,
  send: (ids, keepalive) => inChunks(ids, (some) => changeDocuments(some, { type: 'delete' }, keepalive)),
  onDone(ids) {
    dropCached(queryClient, ids);
    refreshDocuments(queryClient);
  },
  onFailed(ids, reason) {
    refreshDocuments(queryClient);
    const title = text.library.deleteFault(ids.length, formatNumber(ids.length));
    if (isItemError(reason)) toast({ title, detail: reason.detail || reason.title, tone: 'bad' });
    else toastError(reason, title);
  },
});
addEventListener('pagehide', () => deletes.flush(true));

const isItemError = (reason: unknown): reason is ItemError =>
  typeof reason === 'object' && reason !== null && 'detail' in reason && !(reason instanceof Error);

export const useDeleted = () => useSyncExternalStore(deletes.hidden.subscribe, deletes.hidden.get);

/** Takes the offer to undo off the screen, by what was deleted. */
const offers = new WeakMap<readonly string[], () => void>();

/** They vanish now and are deleted in a moment, unless the person takes it back. */
export function deleteWithUndo(documents: readonly Pick<Document, 'id' | 'title'>[]): void {
  const [first] = documents;
  if (first === undefined) return;
  const n = documents.length;
  const ids = documents.map(({ id }) => id);
  const undo = deletes.remove(ids);
  const takeBack = toast({
    title: n === 1 ? text.library.deletedOne(first.title) : text.library.deleted(n, formatNumber(n)),
    durationMs: UNDO_MS,
    action: { label: text.library.undo, run: undo },
  });
  offers.set(ids, takeBack);
}

export function undoLatestDelete(): void {
  const ids = deletes.undoLatest();
  if (ids === undefined) return;
  offers.get(ids)?.();
  toast({ title: text.library.restored(ids.length, formatNumber(ids.length)) });
}
