import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Redis } from 'ioredis';

/** What a connection tells on its own account, for the log. It never holds the address or the password. */
export type RedisNote =
  | { readonly state: 'up' }
  | { readonly state: 'away'; readonly reason: string }
  /** Redis answers, and says no: no memory left, no right, a script that fails. */
  | { readonly state: 'refused'; readonly reason: string };

/** One connection that fails soft: nobody waits for a Redis that is slow, and nobody asks one that is away. */
export interface RedisConnection {
  /**
   * Runs one command.
   *
   * @returns its answer (Redis says `null` where there is nothing); `undefined` when there was none in time.
   */
  ask<T extends NonNullable<unknown> | null>(command: (redis: Redis) => Promise<T>): Promise<T | undefined>;
  /** Whether commands are sent at the moment. */
  isUp(): boolean;
  /** A connection of its own to the same server, for subscriptions: it subscribes again by itself. */
  subscriber(): Redis;
  close(): Promise<void>;
}

export interface RedisOptions {
  /** `redis://` or `rediss://`, with password and database where there are any. */
  readonly url: string;
  /** The most that one call may cost. */
  readonly callMs?: number;
  /** Pause between two tries to find a silent Redis answering again. */
  readonly probeMs?: number;
  readonly onNote?: (note: RedisNote) => void;
}

const CALL_MS = 50;
const PROBE_MS = 500;
/** Answers missed in a row after which none is waited for: one pause of our own thread may cost a few. */
const MISSED_UNTIL_AWAY = 5;
/** A connection on which a probe stays unanswered for so long is taken for dead: its host may have vanished. */
const DEAD_MS = 5000;
const RECONNECT_MOST_MS = 2000;
/** How long a start waits for the first connection; after it, the program starts without. */
const FIRST_CONNECTION_MS = 1000;

/** The client's code is loaded here, so that an installation without Redis never holds it in memory. */
export async function connectRedis({
  url,
  callMs = CALL_MS,
  probeMs = PROBE_MS,
  onNote = () => {},
}: RedisOptions): Promise<RedisConnection> {
  const { Redis } = await import('ioredis');
  const client = new Redis(url, {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 10), RECONNECT_MOST_MS),
    // after a failover the old primary takes no writes
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  const subscribers: Redis[] = [];
  let missed = 0;
  let silent = false;
  let told: RedisNote['state'] | undefined;
  let toldReason = '';
  let closed = false;
  let probeTimer: NodeJS.Timeout | undefined;

  const tell = (note: RedisNote) => {
    const reason = note.state === 'up' ? '' : note.reason;
    if (closed || (note.state === told && reason === toldReason)) return;
    told = note.state;
    toldReason = reason;
    onNote(note);
  };
  const isUp = () => client.status === 'ready' && !silent;

  client.on('ready', () => {
    missed = 0;
    silent = false;
    tell({ state: 'up' });
  });
  client.on('error', (error: NodeJS.ErrnoException) => {
    tell({ state: 'away', reason: error.code ?? error.message });
  });
  client.on('close', () => tell({ state: 'away', reason: 'the connection was closed' }));

  function miss(): void {
    missed++;
    if (missed < MISSED_UNTIL_AWAY || silent || closed) return;
    silent = true;
    tell({ state: 'away', reason: `no answer within ${callMs} ms` });
    probe(performance.now());
  }

  /** Asks a silent Redis whether it is back, so that no caller has to. */
  function probe(since: number): void {
    if (closed || client.status !== 'ready') return;
    let answered = false;
    client.ping().then(
      () => {
        answered = true;
        // one that answers late is slow, and still away
        if (performance.now() - sentAt > callMs) return;
        missed = 0;
        silent = false;
        tell({ state: 'up' });
      },
      () => {},
    );
    const sentAt = performance.now();
    const look = () => {
      if (!silent || closed) return;
      if (answered) probe(performance.now());
      else if (performance.now() - since < DEAD_MS) probeTimer = setTimeout(look, probeMs).unref();
      // a new connection tells whether anybody is there
      else client.disconnect(true);
    };
    probeTimer = setTimeout(look, probeMs).unref();
  }

  async function ask<T extends NonNullable<unknown> | null>(
    command: (redis: Redis) => Promise<T>,
  ): Promise<T | undefined> {
    if (!isUp()) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        // an answer may have come while this thread was busy: it is read before it counts as missed
        setImmediate(() => {
          if (waiting) miss();
          resolve(undefined);
        });
      }, callMs);
      let waiting = true;
      const done = (value: T | undefined) => {
        waiting = false;
        clearTimeout(timer);
        resolve(value);
      };
      command(client).then(
        (value) => {
          if (waiting) missed = 0;
          done(value);
        },
        (error: Error) => {
          if (error.name === 'ReplyError') tell({ state: 'refused', reason: error.message });
          done(undefined);
        },
      );
    });
  }

  const first = Promise.withResolvers<void>();
  const startAnyway = setTimeout(first.resolve, FIRST_CONNECTION_MS);
  client.once('ready', first.resolve);
  client.once('close', first.resolve);
  await first.promise;
  clearTimeout(startAnyway);

  return {
    ask,
    isUp,
    subscriber() {
      const subscriber = client.duplicate({ enableOfflineQueue: true, maxRetriesPerRequest: null });
      // the first connection tells the log
      subscriber.on('error', () => {});
      subscribers.push(subscriber);
      return subscriber;
    },
    async close() {
      closed = true;
      clearTimeout(probeTimer);
      await Promise.all([client, ...subscribers].map(disconnect));
    },
  };
}

async function disconnect(client: Redis): Promise<void> {
  // between two tries to connect there is no socket whose end could be told
  const ends = client.status === 'ready' || client.status === 'connect' || client.status === 'connecting';
  const ended = ends ? once(client, 'end').catch(() => {}) : undefined;
  client.disconnect();
  await ended;
}

/**
 * A Lua script that works on one key. It is sent once and named by its hash from then on.
 *
 * @returns runs it on a client; numbers of the script come back as whole numbers.
 */
export function redisScript(
  lua: string,
): (redis: Redis, key: string, ...args: (string | number)[]) => Promise<number> {
  const sha = createHash('sha1').update(lua).digest('hex');
  return async (redis, key, ...args) => {
    try {
      return (await redis.evalsha(sha, 1, key, ...args)) as number;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return (await redis.eval(lua, 1, key, ...args)) as number;
    }
  };
}
