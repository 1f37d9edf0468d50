import { afterEach, beforeEach, expect, test } from 'vitest';
import { describeWith } from '../../../test/support/needs.ts';
import { type RedisServer, startRedisServer } from '../../../test/support/redis-server.ts';
import { connectRedis, type RedisConnection, type RedisNote, redisScript } from './redis-connection.ts';

test('a start without Redis does not fail, and nothing is sent', async () => {
  const notes: RedisNote[] = [];
  // a port that no server listens on: 1 is reserved
  const redis = await connectRedis({
    url: 'redis://:hunter2@127.0.0.1:1',
    onNote: (note) => notes.push(note),
  });
  let sent = 0;
  const answer = await redis.ask((client) => {
    sent++;
    return client.get('a');
  });
  expect([answer, sent, redis.isUp()]).toEqual([undefined, 0, false]);
  expect(notes[0]).toEqual({ state: 'away', reason: 'ECONNREFUSED' });
  expect(JSON.stringify(notes)).not.toContain('hunter2');
  await redis.close();
});

describeWith('redis', 'connection to Redis', (path) => {
  let server: RedisServer;
  let redis: RedisConnection;
  let notes: RedisNote[];
  beforeEach(async () => {
    server = await startRedisServer(path);
    notes = [];
    redis = await connectRedis({ url: server.url, probeMs: 10, onNote: (note) => notes.push(note) });
  });
  afterEach(async () => {
    server.wakeUp();
    await redis.close();
    await server.close();
  });

  test('a silent Redis is asked a few times, then not at all, and again when it answers', async () => {
    server.fallSilent();
    let sent = 0;
    const ask = () =>
      redis.ask((client) => {
        sent++;
        return client.get('a');
      });
    for (let n = 0; n < 20; n++) expect(await ask()).toBeUndefined();
    expect(sent).toBe(5);
    expect(notes.at(-1)).toEqual({ state: 'away', reason: 'no answer within 50 ms' });
    server.wakeUp();
    await expect.poll(() => redis.isUp()).toBe(true);
    expect(notes.at(-1)).toEqual({ state: 'up' });
    await expect.poll(ask).toBeNull();
  });

  test('an answer that came while this thread was busy is not missed', async () => {
    for (let n = 0; n < 10; n++) {
      const asked = redis.ask((client) => client.echo(`${n}`));
      const until = performance.now() + 80;
      // let the command leave, then keep the thread
      setImmediate(() => {
        while (performance.now() < until);
      });
      expect(await asked).toBe(`${n}`);
    }
    expect(redis.isUp()).toBe(true);
  });

  test('a killed Redis is told of once, and found again when it is back', async () => {
    await server.kill();
    await expect.poll(() => redis.isUp()).toBe(false);
    expect(await redis.ask((client) => client.get('a'))).toBeUndefined();
    await server.restart();
    await expect.poll(() => redis.isUp(), { timeout: 30_000 }).toBe(true);
    expect(await redis.ask((client) => client.set('a', '1'))).toBe('OK');
    expect(notes.at(-1)).toEqual({ state: 'up' });
  });

  test('what Redis refuses is told, and the connection stays in use', async () => {
    await redis.ask((client) => client.set('text', 'no number'));
    expect(await redis.ask((client) => client.incr('text'))).toBeUndefined();
    expect(notes.at(-1)).toMatchObject({ state: 'refused', reason: expect.stringContaining('integer') });
    expect(await redis.ask((client) => client.get('text'))).toBe('no number');
  });

  test('a script is sent once, and again to a server that has forgotten it', async () => {
    const add = redisScript("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    expect(await redis.ask((client) => add(client, 'sum', 2))).toBe(2);
    expect(await redis.ask((client) => add(client, 'sum', 3))).toBe(5);
    await redis.ask((client) => client.script('FLUSH').then(() => 'done'));
    expect(await redis.ask((client) => add(client, 'sum', 4))).toBe(9);
  });
});
