import { expect, it } from 'vitest';
import type { Document } from '../../contract/documents.ts';
import type { TaskItem } from '../../contract/tasks.ts';
import { withItem, withItems } from './live.ts';

const document = (fields: Partial<Document> = {}): Document => ({
  id: 'd1',
  collectionId: 'c1',
  title: 'T',
  filename: 't.pdf',
  mimeType: 'application/pdf',
  sizeBytes: 1,
  sha256: '',
  status: 'queued',
  pages: 0,
  chunks: 0,
  tokens: 0,
  tags: [],
  language: null,
  createdAt: '2026-01-01T00:00:00Z',
  updatedAt: '2026-01-01T00:00:00Z',
  readyAt: null,
  ...fields,
});
const item = (fields: Partial<TaskItem>): TaskItem => ({
  documentId: 'd1',
  filename: 't.pdf',
  status: 'processing',
  stage: 'parsing',
  percent: 5,
  ...fields,
});
const list = (...items: Document[]) => ({
  pages: [{ items, nextCursor: null, total: items.length }],
  pageParams: [undefined],
});

it('shows the stage of the work on a document', () => {
  expect(withItem(document(), 't1', item({ stage: 'embedding', percent: 60 }))).toMatchObject({
    status: 'embedding',
    progress: { taskId: 't1', stage: 'embedding', percent: 60 },
  });
});

it('keeps a document ready while it is read again', () => {
  expect(withItem(document({ status: 'ready' }), 't1', item({}))).toMatchObject({
    status: 'ready',
    progress: { percent: 5 },
  });
});

it('takes progress and old faults away at the end', () => {
  const error = { type: 'x', title: 'Damaged', detail: 'why' };
  const failed = withItem(
    document({ progress: { taskId: 't1', stage: 'parsing', percent: 5 } }),
    't1',
    item({ status: 'failed', error }),
  );
  expect(failed).toMatchObject({ status: 'failed', error });
  expect(failed.progress).toBeUndefined();
  const again = withItem(failed, 't2', item({}));
  expect(again).toMatchObject({ status: 'parsing' });
  expect(again.error).toBeUndefined();
  const done = withItem(again, 't2', item({ status: 'completed', stage: 'done', percent: 100 }));
  expect(done.status).toBe('ready');
  expect(done.progress).toBeUndefined();
});

it('leaves lists and rows that do not change the same objects', () => {
  const before = list(document(), document({ id: 'd2' }));
  expect(withItems(before, 't1', new Map([['other', item({ documentId: 'other' })]]))).toBe(before);
  const after = withItems(before, 't1', new Map([['d1', item({})]]));
  expect(after.pages[0]?.items[1]).toBe(before.pages[0]?.items[1]);
  expect(after.pages[0]?.items[0]).not.toBe(before.pages[0]?.items[0]);
  expect(withItems(after, 't1', new Map([['d1', item({})]]))).toBe(after);
});
