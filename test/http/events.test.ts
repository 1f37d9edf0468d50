import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Task } from '../../src/contract/tasks.ts';
import { finishItems, noteProgress } from '../../src/server/records/tasks.ts';
import { registerUser, startTestApp, type TestApp, type TestUser } from '../support/http.ts';
import { sendForm } from '../support/upload.ts';

let app: TestApp;
let ann: TestUser;
let bob: TestUser;
let address: string;
beforeAll(async () => {
  app = await startTestApp({ env: { PORT: '0' } });
  ann = await registerUser(app);
  bob = await registerUser(app);
  address = await app.server.listen();
});
afterAll(() => app.close());

let made = 0;
async function upload(who: TestUser): Promise<{ taskId: string; documentId: string }> {
  const { taskId, document } = (
    await sendForm(app, who, [{ filename: `${++made}.txt`, content: `followed ${made}` }])
  ).json();
  return { taskId, documentId: document.id };
}
async function change(documentId: string, how: 'embedding' | 'completed') {
  const ids = await app.db
    .transaction()
    .execute((tx) =>
      how === 'completed'
        ? finishItems(tx, documentId, { status: 'completed' })
        : noteProgress(tx, documentId, { stage: how, percent: 50 }),
    );
  for (const id of ids) app.services.events.publish('task', id);
}

/** What a stream tells, one event at a time. */
async function open(who: TestUser, lastEventId?: string) {
  const stop = new AbortController();
  const response = await fetch(`${address}/api/v1/events`, {
    headers: {
      authorization: `Bearer ${who.token}`,
      ...(lastEventId ? { 'last-event-id': lastEventId } : {}),
    },
    signal: stop.signal,
  });
  const events = (async function* () {
    let held = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      held += chunk;
      for (let end = held.indexOf('\n\n'); end >= 0; end = held.indexOf('\n\n')) {
        const record = held.slice(0, end);
        held = held.slice(end + 2);
        const [, event] = /^event: (.*)$/m.exec(record) ?? [];
        if (event === undefined) continue;
        const [, id = ''] = /^id: (.*)$/m.exec(record) ?? [];
        yield { event, id, data: JSON.parse(/^data: (.*)$/m.exec(record)?.[1] ?? '') };
      }
    }
  })();
  return {
    status: response.status,
    next: async () =>
      (await events.next()).value as { event: string; id: string; data: Task & { tasks: Task[] } },
    close: () => stop.abort(),
  };
}

test('a stream begins with the active tasks, and tells of each change and each end', async () => {
  const before = await upload(ann);
  const stream = await open(ann);
  expect((await stream.next()).data.tasks.map(({ id }) => id)).toEqual([before.taskId]);
  await change(before.documentId, 'embedding');
  expect(await stream.next()).toMatchObject({
    event: 'progress',
    data: { id: before.taskId, status: 'processing', items: [{ stage: 'embedding', percent: 50 }] },
  });
  await change(before.documentId, 'completed');
  expect(await stream.next()).toMatchObject({
    event: 'done',
    data: { id: before.taskId, status: 'completed' },
  });
  // one that began later
  const later = await upload(ann);
  await change(later.documentId, 'embedding');
  expect(await stream.next()).toMatchObject({ event: 'progress', data: { id: later.taskId } });
  await change(later.documentId, 'completed');
  expect((await stream.next()).event).toBe('done');
  stream.close();
});

test('a task is told of when it begins, and when its document is deleted', async () => {
  const user = await registerUser(app);
  const stream = await open(user);
  await stream.next();
  const { taskId, documentId } = await upload(user);
  expect(await stream.next()).toMatchObject({ event: 'progress', data: { id: taskId, status: 'queued' } });
  await app.call(user, `DELETE /api/v1/documents/${documentId}`);
  expect(await stream.next()).toMatchObject({ event: 'done', data: { id: taskId, status: 'failed' } });
  const again = await upload(user);
  await stream.next();
  await change(again.documentId, 'completed');
  await stream.next();
  const ids = { documentIds: [again.documentId], action: { type: 'reindex' } };
  const begun = (await app.call(user, 'POST /api/v1/documents/bulk', ids)).json().taskId;
  expect(await stream.next()).toMatchObject({ event: 'progress', data: { id: begun, kind: 'reindex' } });
  stream.close();
});

test('a stream is opened by GET alone: a HEAD would hold a place that nobody gives back', async () => {
  const { taskId, documentId } = await upload(ann);
  await change(documentId, 'completed');
  for (const url of ['/api/v1/events', `/api/v1/tasks/${taskId}/events`]) {
    const answer = await app.call(ann, `HEAD ${url}`);
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'GET']);
  }
});

test('streams of one user are bounded', async () => {
  const user = await registerUser(app);
  const streams = await Promise.all(Array.from({ length: 20 }, () => open(user)));
  await Promise.all(streams.map(({ next }) => next()));
  const refused = await app.call(user, 'GET /api/v1/events');
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '5']);
  for (const { close } of streams) close();
});

test('nobody hears of the tasks of others', async () => {
  const stream = await open(bob);
  expect((await stream.next()).data.tasks).toEqual([]);
  const foreign = await upload(ann);
  await change(foreign.documentId, 'embedding');
  await change(foreign.documentId, 'completed');
  const own = await upload(bob);
  await change(own.documentId, 'embedding');
  expect(await stream.next()).toMatchObject({ event: 'progress', data: { id: own.taskId } });
  await change(own.documentId, 'completed');
  stream.close();
});

test('who comes back is told of what ended in between', async () => {
  const stream = await open(ann);
  const { id } = await stream.next();
  stream.close();
  const missed = await upload(ann);
  await change(missed.documentId, 'completed');
  const again = await open(ann, id);
  expect((await again.next()).data.tasks).toEqual([]);
  // what ended shortly before may be told once more
  for (let told = await again.next(); told.data.id !== missed.taskId; told = await again.next())
    expect(told.event).toBe('done');
  again.close();
});

test('the tasks are listed, the newest first, all or those that are active', async () => {
  const user = await registerUser(app);
  const tasks = [await upload(user), await upload(user), await upload(user)];
  await change((tasks[1] as (typeof tasks)[0]).documentId, 'completed');
  const ids = async (query: string) =>
    (await app.call(user, `GET /api/v1/tasks?${query}`)).json().items.map(({ id }: Task) => id);
  const [first, second, third] = tasks.map(({ taskId }) => taskId);
  expect(await ids('')).toEqual([third, second, first]);
  expect(await ids('active=true')).toEqual([third, first]);
  expect(await ids('active=false')).toEqual([second]);
  const page = (await app.call(user, 'GET /api/v1/tasks?limit=2')).json();
  expect(page.total).toBe(3);
  expect(await ids(`limit=2&cursor=${page.nextCursor}`)).toEqual([first]);
  expect((await app.call(user, 'GET /api/v1/tasks?active=maybe')).statusCode).toBe(400);
});
