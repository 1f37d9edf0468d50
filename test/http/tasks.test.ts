import { setMaxListeners } from 'node:events';
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
async function startTask(files = 2): Promise<Task> {
  const parts = Array.from({ length: files }, () => ({
    filename: `${++made}.txt`,
    content: `task text ${made}`,
  }));
  const { taskId } = (await sendForm(app, ann, parts, { url: '/api/v1/documents/batch' })).json();
  return (await app.call(ann, `GET /api/v1/tasks/${taskId}`)).json();
}

/** The events of a task as a browser reads them, over a real connection. */
async function* follow(task: Task, { who = ann, lastEventId = '' } = {}) {
  const controller = new AbortController();
  const response = await fetch(`${address}/api/v1/tasks/${task.id}/events`, {
    headers: {
      authorization: `Bearer ${who.token}`,
      ...(lastEventId ? { 'last-event-id': lastEventId } : {}),
    },
    signal: controller.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  expect(response.headers.get('x-accel-buffering')).toBe('no');
  let held = '';
  try {
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      held += chunk;
      for (let end = held.indexOf('\n\n'); end >= 0; end = held.indexOf('\n\n')) {
        const fields = Object.fromEntries(
          held
            .slice(0, end)
            .split('\n')
            .map((line) => line.split(/: ?(.*)/s)),
        );
        held = held.slice(end + 2);
        if (fields.event !== undefined)
          yield { event: fields.event, id: fields.id, task: JSON.parse(fields.data) as Task };
      }
    }
  } finally {
    controller.abort();
  }
}

const progress = async (task: Task, at: number, percent: number) => {
  const documentId = task.items[at]?.documentId as string;
  await app.services.db
    .transaction()
    .execute((tx) => noteProgress(tx, documentId, { stage: 'parsing', percent }));
  app.services.events.publish('task', task.id);
};
const finish = async (task: Task, at: number) => {
  const documentId = task.items[at]?.documentId as string;
  await app.services.db.transaction().execute((tx) => finishItems(tx, documentId, { status: 'completed' }));
  app.services.events.publish('task', task.id);
};

test('a task is followed from its present state to its end', async () => {
  const task = await startTask();
  const events = follow(task);
  expect((await events.next()).value).toMatchObject({
    event: 'progress',
    id: '1',
    task: { status: 'queued' },
  });
  await progress(task, 0, 30);
  expect((await events.next()).value).toMatchObject({
    task: { status: 'processing', items: [{ percent: 30 }, { percent: 0 }] },
  });
  await finish(task, 0);
  expect((await events.next()).value).toMatchObject({ task: { progress: { done: 1, total: 2 } } });
  await finish(task, 1);
  expect((await events.next()).value).toMatchObject({ event: 'progress', task: { status: 'completed' } });
  expect((await events.next()).value).toMatchObject({
    event: 'done',
    task: { status: 'completed', finishedAt: expect.any(String) },
  });
  expect((await events.next()).done).toBe(true);
});

test('a stream that was cut is taken up with the present state', async () => {
  const task = await startTask();
  const first = follow(task);
  const { value } = await first.next();
  await first.return(undefined);
  await progress(task, 1, 50);
  const second = follow(task, { lastEventId: value?.id as string });
  expect((await second.next()).value).toMatchObject({
    event: 'progress',
    id: '2',
    task: { items: [{}, { percent: 50 }] },
  });
  await second.return(undefined);
});

test('a stream that has ended tells its client to stay away', async () => {
  const task = await startTask(1);
  await finish(task, 0);
  const seen = await Array.fromAsync(follow(task));
  expect(seen.map(({ event }) => event)).toEqual(['progress', 'done']);
  const again = await app.call(ann, `GET /api/v1/tasks/${task.id}/events`, undefined, {
    'last-event-id': seen.at(-1)?.id as string,
  });
  expect(again.statusCode).toBe(204);
});

test("somebody else's task is not found, in any way", async () => {
  const task = await startTask();
  const item = task.items[0]?.documentId;
  for (const route of [
    `GET /api/v1/tasks/${task.id}`,
    `GET /api/v1/tasks/${task.id}/events`,
    `DELETE /api/v1/tasks/${task.id}`,
    `DELETE /api/v1/tasks/${task.id}/items/${item}`,
    'GET /api/v1/tasks/nothing',
    'GET /api/v1/tasks/nothing/events',
  ]) {
    expect((await app.call(bob, route)).statusCode, route).toBe(404);
    expect((await app.call(undefined, route)).statusCode, route).toBe(401);
  }
  expect((await app.call(ann, `GET /api/v1/tasks/${task.id}`)).json().status).toBe('queued');
});

test('a task is cancelled in part and whole', async () => {
  const task = await startTask(3);
  const [first, second] = task.items.map(({ documentId }) => documentId);
  const one = await app.call(ann, `DELETE /api/v1/tasks/${task.id}/items/${first}`);
  expect(one.json()).toMatchObject({
    status: 'processing',
    items: [{ status: 'cancelled' }, { status: 'queued' }, { status: 'queued' }],
  });
  await finish(task, 1);
  const whole = await app.call(ann, `DELETE /api/v1/tasks/${task.id}`);
  expect(whole.json()).toMatchObject({
    status: 'partial',
    items: [{ status: 'cancelled' }, { documentId: second, status: 'completed' }, { status: 'cancelled' }],
  });
  expect((await app.call(ann, `DELETE /api/v1/tasks/${task.id}/items/nothing`)).statusCode).toBe(404);
});

test('streams of one user are bounded, and a stream that ends makes room', async () => {
  setMaxListeners(0);
  const user = await registerUser(app);
  const { taskId } = (await sendForm(app, user, [{ filename: 'a', content: 'many streams' }])).json();
  const task = (await app.call(user, `GET /api/v1/tasks/${taskId}`)).json() as Task;
  const open = Array.from({ length: 20 }, () => follow(task, { who: user }));
  await Promise.all(open.map((events) => events.next()));
  const refused = await app.call(user, `GET /api/v1/tasks/${task.id}/events`);
  expect(refused.statusCode).toBe(429);
  expect(refused.headers['retry-after']).toBeDefined();
  await finish(task, 0);
  await Promise.all(open.map((events) => Array.fromAsync(events)));
  const after = await app.call(user, `GET /api/v1/tasks/${task.id}/events`);
  expect(after.statusCode).toBe(200);
  expect(after.body).toContain('event: done');
});

test('a server that drains lets go of its streams', async () => {
  const own = await startTestApp({ env: { PORT: '0' } });
  const user = await registerUser(own);
  const { taskId } = (await sendForm(own, user, [{ filename: 'a', content: 'draining' }])).json();
  const stream = await fetch(`${await own.server.listen()}/api/v1/tasks/${taskId}/events`, {
    headers: { authorization: `Bearer ${user.token}` },
  });
  const text = stream.text();
  await own.close();
  expect(await text).toContain('event: progress');
});
