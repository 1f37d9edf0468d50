import { afterEach, beforeEach, expect, test } from 'vitest';
import { expectIndexAtRest } from '../../../test/support/index-at-rest.ts';
import { type IngestHouse, openIngestHouse } from '../../../test/support/ingest-house.ts';
import { moveDocument, reindex, takeIn, titleFromFilename } from './intake.ts';
import { removeCollection, removeDocument, removeUser } from './removal.ts';
import { cancelTask, cancelTaskItem, readTask } from './tasks.ts';

let house: IngestHouse;
let user: string;
let collection: string;
beforeEach(async () => {
  house = await openIngestHouse();
  user = await house.addUser();
  collection = await house.addCollection(user);
});
afterEach(() => house.close());

const count = async (
  table:
    | 'documents'
    | 'jobs'
    | 'chunks'
    | 'vectors'
    | 'pages'
    | 'postings'
    | 'revisions'
    | 'tombstones'
    | 'collections',
) => (house.raw.prepare(`select count(*) as n from ${table}`).get() as { n: number }).n;
const collectionRow = (id: string) =>
  house.db.selectFrom('collections').selectAll().where('id', '=', id).executeTakeFirst();
const add = async (text: string, to = collection, more: { title?: string; tags?: string[] } = {}) => {
  const { taskId, documents } = await house.add(user, to, { 'a.txt': text }, more);
  return { taskId: taskId as string, id: documents[0]?.row.id as string };
};

test('files are taken in together, with rows, tags, a task and its jobs', async () => {
  const { taskId, documents } = await house.add(
    user,
    collection,
    { 'b.md': 'One.', 'a.md': 'Two.' },
    { tags: ['z', 'a', 'z'] },
  );
  expect(documents.map(({ row, duplicate }) => [row.filename, row.tags, duplicate])).toEqual([
    ['b.md', '["a","z"]', false],
    ['a.md', '["a","z"]', false],
  ]);
  expect(documents.every((document) => document.taskId === taskId)).toBe(true);
  expect((await house.queue.depth()).queued).toBe(2);
  expect((await collectionRow(collection))?.document_count).toBe(2);
  expect(await house.db.selectFrom('document_tags').select('tag').execute()).toHaveLength(4);
  expect((await readTask(house.db, taskId as string, user))?.items.map(({ filename }) => filename)).toEqual([
    'b.md',
    'a.md',
  ]);
});

test('a collection that was deleted meanwhile takes nothing in, and says so', async () => {
  const before = await count('documents');
  await expect(add('Some text.', 'gone')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await count('documents')).toBe(before);
});

test('a task is only shown to whom it belongs', async () => {
  const { taskId } = await add('One.');
  expect(await readTask(house.db, taskId, await house.addUser())).toBeUndefined();
});

test('the same bytes again are the document that is there, in a batch too; in another collection they are another', async () => {
  const first = await add('Same.');
  const again = await house.add(user, collection, { 'other name.txt': 'Same.' });
  expect(again).toMatchObject({
    taskId: null,
    documents: [{ duplicate: true, taskId: first.taskId, row: { id: first.id } }],
  });
  const batch = await house.add(user, collection, { 'x.txt': 'New.', 'y.txt': 'New.', 'z.txt': 'Same.' });
  expect(batch.documents.map(({ duplicate }) => duplicate)).toEqual([false, true, true]);
  expect(batch.documents.map(({ taskId }) => taskId)).toEqual([batch.taskId, batch.taskId, first.taskId]);
  const other = await house.addUser();
  const theirs = await house.add(other, collection, { 'theirs.txt': 'Same.' });
  // the task belongs to somebody else, for whom alone it is there
  expect(theirs.documents).toMatchObject([{ duplicate: true, taskId: null, row: { id: first.id } }]);
  const elsewhere = await add('Same.', await house.addCollection(user));
  expect(elsewhere.id).not.toBe(first.id);
  expect((await collectionRow(collection))?.document_count).toBe(2);
});

test('a document that failed is tried again when it is uploaded again', async () => {
  const { id } = await add('BROKEN');
  await house.settle();
  const again = await house.add(user, collection, { 'a.txt': 'BROKEN' });
  expect(again.taskId).not.toBeNull();
  expect(again.documents[0]).toMatchObject({
    duplicate: true,
    row: { id, status: 'queued', error_code: null },
  });
});

test('a failure while taking in leaves nothing', async () => {
  const stored = { key: 'k', sizeBytes: 1, sha256: 'x' };
  const files = [
    { collectionId: collection, filename: 'a', stored },
    { collectionId: 'no such collection', filename: 'b', stored: { ...stored, sha256: 'y' } },
  ];
  await expect(takeIn(house.db, house.queue, { userId: user, files })).rejects.toThrow();
  expect([await count('documents'), await count('jobs')]).toEqual([0, 0]);
});

test.each([
  ['report.final.pdf', 'report.final'],
  ['.env', '.env'],
  ['no extension', 'no extension'],
  ['a.b c', 'a.b c'],
])('a file named %j is titled %j', (filename, title) => {
  expect(titleFromFilename(filename)).toBe(title);
});

test('removing a document takes it out of sight in one transaction; a purge removes the rest', async () => {
  const { id } = await add(`# Secret\n\n${'The plan is hidden. '.repeat(200)}`);
  const kept = await add('Kept text.');
  await house.settle();
  const generation = await house.generation(collection);
  const { first_ordinal, chunk_count } = await house.document(id);
  await removeDocument(house.db, house.queue, id);
  expect(await house.generation(collection)).toBe(generation + 1);
  expect((await collectionRow(collection))?.document_count).toBe(1);
  expect(await house.db.selectFrom('tombstones').selectAll().execute()).toMatchObject([
    { first_ordinal, ordinal_count: chunk_count, purged: 0 },
  ]);
  await expect(removeDocument(house.db, house.queue, id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await house.settle();
  expect(house.storedFiles()).toHaveLength(1);
  expect(house.raw.prepare(`select * from postings where term like 'hid%'`).all()).toEqual([]);
  expect((await house.document(kept.id)).status).toBe('ready');
  await expectIndexAtRest(house);
});

test('a document whose title changed is purged to the last word', async () => {
  const { id } = await add('Plain text.', collection, { title: 'Extraordinary' });
  await house.settle();
  await house.db.updateTable('documents').set({ title: 'Ordinary' }).where('id', '=', id).execute();
  await removeDocument(house.db, house.queue, id);
  await house.settle();
  expect(await count('postings')).toBe(0);
  await expectIndexAtRest(house);
});

test('removing a document that waits ends its job and its task', async () => {
  const { id, taskId } = await add('One.');
  await removeDocument(house.db, house.queue, id);
  expect(await readTask(house.db, taskId, user)).toMatchObject({
    status: 'failed',
    items: [{ status: 'cancelled' }],
  });
  await house.settle();
  await expectIndexAtRest(house);
});

test('removing a collection removes everything in it and nothing beside it', async () => {
  const other = await house.addCollection(user);
  const kept = await add('Kept text.', other);
  await house.add(user, collection, { 'a.txt': 'Apples. '.repeat(900), 'b.txt': 'Pears.' });
  await house.settle();
  await add('Still waiting.');
  await removeCollection(house.db, house.queue, collection);
  expect(await collectionRow(collection)).toBeUndefined();
  await house.settle();
  expect(await count('revisions')).toBe(1);
  expect((await house.document(kept.id)).status).toBe('ready');
  await expectIndexAtRest(house);
  await expect(removeCollection(house.db, house.queue, collection)).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

test('removing an account removes its collections and what it put into those of others', async () => {
  const host = await house.addUser();
  const shared = await house.addCollection(host);
  await house.add(host, shared, { 'host.txt': 'Mine.' });
  await add('In my own collection.');
  await add('In a shared collection.', shared);
  await house.settle();
  await removeUser(house.db, house.queue, user);
  await house.settle();
  expect(await house.db.selectFrom('documents').select('owner_id').execute()).toEqual([{ owner_id: host }]);
  expect(await count('collections')).toBe(1);
  await expectIndexAtRest(house);
  await expect(removeUser(house.db, house.queue, user)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('a moved document is gone from where it was at once, and found where it went', async () => {
  const other = await house.addCollection(user);
  const { id } = await add('A travelling text about whales.', collection, { tags: ['sea'] });
  await house.settle();
  const [from, to] = [await house.generation(collection), await house.generation(other)];
  await moveDocument(house.db, house.queue, id, other);
  expect(await house.document(id)).toMatchObject({ collection_id: other, status: 'queued', chunk_count: 0 });
  expect(await house.generation(collection)).toBeGreaterThan(from);
  expect(await house.generation(other)).toBeGreaterThan(to);
  expect(await count('tombstones')).toBe(1);
  await house.settle();
  expect(await house.document(id)).toMatchObject({ status: 'ready' });
  expect(await house.db.selectFrom('document_tags').select('collection_id').execute()).toEqual([
    { collection_id: other },
  ]);
  await expectIndexAtRest(house);
});

test('a document is not moved to where the same content is', async () => {
  const other = await house.addCollection(user);
  const { id } = await add('Twice.');
  await add('Twice.', other);
  await expect(moveDocument(house.db, house.queue, id, other)).rejects.toMatchObject({ code: 'CONFLICT' });
  await moveDocument(house.db, house.queue, id, collection);
  expect(await house.document(id)).toMatchObject({ collection_id: collection });
});

test('a collection that a document left may be removed before the purge of what it left', async () => {
  const other = await house.addCollection(user);
  const { id } = await add('A travelling text about whales.');
  await house.settle();
  await moveDocument(house.db, house.queue, id, other);
  await removeCollection(house.db, house.queue, collection);
  await house.settle();
  expect(await house.document(id)).toMatchObject({ status: 'ready' });
  await expectIndexAtRest(house);
});

test('a re-index of documents that are being worked on follows that work', async () => {
  const waiting = await add('Waiting.');
  const taskId = await reindex(house.db, house.queue, user, [waiting.id]);
  expect((await house.queue.depth()).queued).toBe(1);
  await house.settle();
  expect(await readTask(house.db, taskId, user)).toMatchObject({ status: 'completed' });
  const twice = [
    await reindex(house.db, house.queue, user, [waiting.id]),
    await reindex(house.db, house.queue, user, [waiting.id]),
  ];
  expect((await house.queue.depth()).queued).toBe(1);
  await house.settle();
  for (const id of twice) expect(await readTask(house.db, id, user)).toMatchObject({ status: 'completed' });
  await expect(reindex(house.db, house.queue, user, ['none'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expectIndexAtRest(house);
});

test('who may not change the collection any more cancels nothing in it', async () => {
  const editor = await house.addUser();
  const role = (role: 'editor' | 'viewer') =>
    house.db
      .insertInto('collection_members')
      .values({ collection_id: collection, user_id: editor, role, created_at: '' })
      .onConflict((c) => c.columns(['collection_id', 'user_id']).doUpdateSet({ role }))
      .execute();
  await role('editor');
  const { taskId, documents } = await house.add(editor, collection, { 'a.txt': 'One.', 'b.txt': 'Two.' });
  const [a, b] = documents.map(({ row }) => row.id) as [string, string];
  await role('viewer');
  const cancelItem = (id: string) =>
    cancelTaskItem(house.db, house.queue, house.events, taskId as string, id);
  await expect(cancelItem(a)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await cancelTask(house.db, house.queue, house.events, taskId as string);
  expect((await house.queue.depth()).queued).toBe(2);
  await role('editor');
  await cancelItem(a);
  await house.settle();
  expect(await house.document(a)).toMatchObject({ error_code: 'CANCELLED' });
  expect(await house.document(b)).toMatchObject({ status: 'ready' });
});

test('one item of a task can be cancelled', async () => {
  const { taskId, documents } = await house.add(user, collection, { 'a.txt': 'One.', 'b.txt': 'Two.' });
  const [a, b] = documents.map(({ row }) => row.id) as [string, string];
  const heard: string[] = [];
  house.events.subscribe('task', (id) => heard.push(id));
  await cancelTaskItem(house.db, house.queue, house.events, taskId as string, a);
  expect(await house.document(a)).toMatchObject({ status: 'failed', error_code: 'CANCELLED' });
  await house.settle();
  expect(heard).toContain(taskId);
  expect(await readTask(house.db, taskId as string, user)).toMatchObject({
    status: 'partial',
    progress: { done: 1, failed: 1, total: 2 },
  });
  await cancelTaskItem(house.db, house.queue, house.events, taskId as string, b);
  await cancelTask(house.db, house.queue, house.events, taskId as string);
  expect(await house.document(b)).toMatchObject({ status: 'ready' });
  await expect(
    cancelTaskItem(house.db, house.queue, house.events, taskId as string, 'none'),
  ).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
