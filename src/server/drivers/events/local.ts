import { BroadcastChannel } from 'node:worker_threads';
import type { Events, Topic } from '../../ports/events.ts';

interface Message {
  readonly topic: Topic;
  readonly id: string;
}

/**
 * Events among the threads of this process. Listeners hear every message once, those of their own thread
 * included, and never inside `publish`.
 *
 * @param name threads with the same name hear each other; one installation takes one.
 */
export function createLocalEvents({ name }: { name: string }): Events {
  const channel = new BroadcastChannel(`events:${name}`);
  const listeners = new Map<Topic, Set<(id: string) => void>>();
  let closed = false;
  const deliver = ({ topic, id }: Message) => {
    for (const listener of listeners.get(topic) ?? []) listener(id);
  };
  channel.onmessage = (event: unknown) => deliver((event as { data: Message }).data);
  // waiting for events alone keeps no process alive
  channel.unref();
  return {
    publish(topic, id) {
      if (closed) return;
      const message: Message = { topic, id };
      channel.postMessage(message);
      queueMicrotask(() => deliver(message));
    },
    subscribe(topic, listener) {
      const ofTopic = listeners.get(topic) ?? new Set();
      listeners.set(topic, ofTopic.add(listener));
      return () => void ofTopic.delete(listener);
    },
    async close() {
      closed = true;
      listeners.clear();
      channel.close();
    },
  };
}
