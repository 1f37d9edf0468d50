import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { registerUser, testApp } from '../../../../test/support/http.ts';
import { uploadText } from '../../../../test/support/upload.ts';
import { changeMany } from './change-many.ts';

test('a document that is deleted while others are looked at fails alone', async () => {
  const app = await testApp();
  const user = await registerUser(app);
  const ids: string[] = [];
  for (const text of ['one', 'two', 'three']) ids.push((await uploadText(app, user, text)).id);
  const [gone, ...left] = ids;
  const { db, queue, events } = app.services;
  const changed = changeMany({ db, queue, events }, { userId: user.id, ip: '' }, ids, { type: 'reindex' });
  await nextTurn();
  // its turn is over, that of the last one is not
  app.sqlite.raw.prepare('delete from documents where id = ?').run(gone);
  const { done, failed, taskId } = await changed;
  expect(done).toEqual(left);
  expect(failed).toMatchObject([{ documentId: gone, error: { type: 'urn:ka:error:not-found' } }]);
  const task = (await app.call(user, `GET /api/v1/tasks/${taskId}`)).json();
  expect(task.items.map(({ documentId }: { documentId: string }) => documentId)).toEqual(left);
});
