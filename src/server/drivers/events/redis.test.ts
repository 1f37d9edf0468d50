import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../../../../test/support/needs.ts';
import { type RedisServer, startRedisServer } from '../../../../test/support/redis-server.ts';
import type { Events } from '../../ports/events.ts';
import { connectRedis, type RedisConnection } from '../redis-connection.ts';
import { eventsConformance } from './conformance.ts';
import { createLocalEvents } from './local.ts';
import { createRedisEvents } from './redis.ts';

describeWith('redis', 'events over Redis', (path) => {
  let server: RedisServer;
  const connections: RedisConnection[] = [];
  beforeAll(async () => {
    server = await startRedisServer(path);
  });
  afterEach(async () => {
    for (const connection of connections.splice(0)) await connection.close();
  });
  afterAll(() => server.close());

  /** As in a process of its own: it shares no thread's name and no connection. */
  async function process(prefix: string): Promise<{ events: Events; redis: RedisConnection }> {
    const redis = await connectRedis({ url: server.url, callMs: 5000 });
    connections.push(redis);
    const local = createLocalEvents({ name: randomUUID() });
    return { redis, events: await createRedisEvents({ redis, prefix, local }) };
  }

  let made = 0;
  eventsConformance('redis', async () => {
    const prefix = `installation-${++made}`;
    const [one, two, stranger] = await Promise.all([
      process(prefix),
      process(prefix),
      process(`other-${made}`),
    ]);
    return { one: one.events, two: two.events, stranger: stranger.events };
  });

  test('the same message told often goes out once in a while', async () => {
    const [one, two] = await Promise.all([process('often'), process('often')]);
    const watcher = two.redis.subscriber();
    const packets: string[] = [];
    await watcher.subscribe('often:events');
    watcher.on('message', (_channel, text) => packets.push(text));
    const heard = new Promise<void>((resolve) => two.events.subscribe('jobs', () => resolve()));
    for (let n = 0; n < 1000; n++) one.events.publish('task', 'same');
    one.events.publish('jobs', 'end');
    await heard;
    await expect.poll(() => packets.length).toBe(1);
    expect(JSON.parse(packets[0] as string).messages).toEqual([
      ['task', 'same'],
      ['jobs', 'end'],
    ]);
    await Promise.all([one.events.close(), two.events.close()]);
  });

  test('what no release of ours has written is passed over', async () => {
    const { events, redis } = await process('odd');
    const heard: string[] = [];
    events.subscribe('task', (id) => heard.push(id));
    for (const text of ['', '{', 'null', '{"messages":[["task",1],["other","x"]]}', '{"messages":7}'])
      await redis.ask((client) => client.publish('odd:events', text));
    const good = JSON.stringify({ origin: 'x', messages: [['task', 'good']] });
    await redis.ask((client) => client.publish('odd:events', good));
    await expect.poll(() => heard).toEqual(['good']);
    await events.close();
  });

  test('while Redis is away the process hears itself, and when it is back the others are heard again', async () => {
    const [one, two] = await Promise.all([process('away'), process('away')]);
    const heard: string[] = [];
    one.events.subscribe('task', (id) => heard.push(id));
    await server.kill();
    await expect.poll(() => one.redis.isUp() || two.redis.isUp()).toBe(false);
    one.events.publish('task', 'own');
    two.events.publish('task', 'lost');
    await expect.poll(() => heard).toEqual(['own']);
    await server.restart();
    await expect.poll(() => one.redis.isUp() && two.redis.isUp(), { timeout: 30_000 }).toBe(true);
    let n = 0;
    await expect
      .poll(
        () => {
          two.events.publish('task', `again ${n++}`);
          return heard.at(-1);
        },
        { timeout: 30_000 },
      )
      .toMatch(/^again/);
    expect(heard).not.toContain('lost');
    await Promise.all([one.events.close(), two.events.close()]);
  });
});
