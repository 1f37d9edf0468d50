import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { createLocalEvents } from './local.ts';

test('a message reaches the listeners of its topic in this thread, once, and nobody after they left', async () => {
  const events = createLocalEvents({ name: 'own-thread' });
  const heard: string[] = [];
  const leave = events.subscribe('task', (id) => heard.push(id));
  events.subscribe('jobs', (id) => heard.push(`jobs ${id}`));
  events.publish('task', 'a');
  expect(heard).toEqual([]);
  await Promise.resolve();
  expect(heard).toEqual(['a']);
  leave();
  events.publish('task', 'b');
  await Promise.resolve();
  expect(heard).toEqual(['a']);
  await events.close();
});

test('a message reaches another thread and the answer comes back', async () => {
  const events = createLocalEvents({ name: 'two-threads' });
  const echo = `
    import { createLocalEvents } from ${JSON.stringify(new URL('./local.ts', import.meta.url).href)};
    import { parentPort } from 'node:worker_threads';
    const events = createLocalEvents({ name: 'two-threads' });
    events.subscribe('cancel', (id) => { events.publish('jobs', 'heard ' + id); });
    parentPort.once('message', () => { void events.close(); });
    parentPort.postMessage('ready');
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(echo)}`));
  await once(worker, 'message');
  const answered = new Promise<string>((resolve) => events.subscribe('jobs', resolve));
  events.publish('cancel', 'document 1');
  expect(await answered).toBe('heard document 1');
  worker.postMessage('leave');
  await once(worker, 'exit');
  await events.close();
});

test('after close nothing is sent or heard', async () => {
  const events = createLocalEvents({ name: 'closed' });
  const heard: string[] = [];
  events.subscribe('task', (id) => heard.push(id));
  await events.close();
  events.publish('task', 'a');
  await Promise.resolve();
  expect(heard).toEqual([]);
});
