import { randomUUID } from 'node:crypto';
import type { Events, Topic } from '../../ports/events.ts';
import type { RedisConnection } from '../redis-connection.ts';
import type { LocalEvents } from './local.ts';

const TOPICS: readonly string[] = ['task', 'jobs', 'cancel'] satisfies Topic[];
/** One message that is told again and again, as a task's progress is, goes out once in this time. */
const TOGETHER_MS = 20;

/**
 * Events among the processes of an installation: what is published in any thread of this one goes out to the
 * others, and theirs come in. Within the process it stays as quick as without Redis, and works while Redis is
 * away; the others hear nothing of that time.
 *
 * One per process, in the thread that holds the connection.
 *
 * @param prefix names the installation.
 */
export async function createRedisEvents({
  redis,
  prefix,
  local,
}: {
  redis: RedisConnection;
  prefix: string;
  local: LocalEvents;
}): Promise<Events> {
  const channel = `${prefix}:events`;
  const origin = randomUUID();
  const waiting = new Map<string, [topic: Topic, id: string]>();
  let timer: NodeJS.Timeout | undefined;

  function sendWaiting(): void {
    timer = undefined;
    const messages = [...waiting.values()];
    waiting.clear();
    void redis.ask((client) => client.publish(channel, JSON.stringify({ origin, messages })));
  }

  const bringIn = local.relay((topic, id) => {
    waiting.set(`${topic} ${id}`, [topic, id]);
    timer ??= setTimeout(sendWaiting, TOGETHER_MS).unref();
  });

  const subscriber = redis.subscriber();
  subscriber.on('message', (_channel, text) => {
    for (const [topic, id] of messagesOf(text, origin)) bringIn(topic, id);
  });
  // with Redis away it subscribes when it comes
  const subscribed = subscriber.subscribe(channel).catch(() => {});
  if (redis.isUp()) await subscribed;

  return {
    publish: local.publish,
    subscribe: local.subscribe,
    async close() {
      clearTimeout(timer);
      if (timer !== undefined) sendWaiting();
      subscriber.disconnect();
      await local.close();
    },
  };
}

/** Of other processes. Another release, or a stranger, may write what this one does not know. */
function messagesOf(text: string, origin: string): [topic: Topic, id: string][] {
  try {
    const message = JSON.parse(text) as { origin: string; messages: [Topic, string][] };
    if (message.origin === origin) return [];
    return message.messages.filter(([topic, id]) => TOPICS.includes(topic) && typeof id === 'string');
  } catch {
    return [];
  }
}
