import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { eventsConformance } from './conformance.ts';
import { createLocalEvents } from './local.ts';

let made = 0;
eventsConformance('local', async () => {
  const name = `shared-${++made}`;
  const [one, two] = [createLocalEvents({ name }), createLocalEvents({ name })];
  return { one, two, stranger: createLocalEvents({ name: `other-${made}` }) };
});

test('what is brought in is heard by all threads, and only what is published here is sent out', async () => {
  const [main, thread] = [createLocalEvents({ name: 'relay' }), createLocalEvents({ name: 'relay' })];
  const sent: string[] = [];
  const heard: string[] = [];
  const bringIn = main.relay((topic, id) => sent.push(`${topic} ${id}`));
  const all = new Promise<void>((resolve) => {
    thread.subscribe('task', (id) => {
      heard.push(id);
      if (id === 'last') resolve();
    });
  });
  bringIn('task', 'from elsewhere');
  main.publish('task', 'from here');
  main.publish('task', 'last');
  await all;
  expect(heard).toEqual(['from elsewhere', 'from here', 'last']);
  const back = new Promise<void>((resolve) => main.subscribe('jobs', () => resolve()));
  thread.publish('jobs', 'from the thread');
  await back;
  expect(sent).toEqual(['task from here', 'task last', 'jobs from the thread']);
  await Promise.all([main.close(), thread.close()]);
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
