import { BroadcastChannel } from 'node:worker_threads';
import type { Events, Topic } from '../../ports/events.ts';

interface Message {
  readonly topic: Topic;
  readonly id: string;
  /** It was published in another process. */
  readonly broughtIn?: true;
}

/** Events among the threads of one process, and the place where those of other processes come in. */
export interface LocalEvents extends Events {
  /**
   * @param send takes every message that is published in this process, once.
   * @returns what brings in a message from elsewhere: all threads hear it, and it is not sent out again.
   */
  relay(send: (topic: Topic, id: string) => void): (topic: Topic, id: string) => void;
}

/**
 * Events among the threads of this process. Listeners hear every message once, those of their own thread
 * included, and never inside `publish`.
 *
 * @param name threads with the same name hear each other; one installation takes one.
 */
export function createLocalEvents({ name }: { name: string }): LocalEvents {
  const channel = new BroadcastChannel(`events:${name}`);
  const listeners = new Map<Topic, Set<(id: string) => void>>();
  let send: ((topic: Topic, id: string) => void) | undefined;
  let closed = false;
  const deliver = ({ topic, id, broughtIn }: Message) => {
    for (const listener of listeners.get(topic) ?? []) listener(id);
    if (!broughtIn) send?.(topic, id);
  };
  const post = (message: Message) => {
    if (closed) return;
    channel.postMessage(message);
    queueMicrotask(() => deliver(message));
  };
  channel.onmessage = (event: unknown) => deliver((event as { data: Message }).data);
  // waiting for events alone keeps no process alive
  channel.unref();
  return {
    publish: (topic, id) => post({ topic, id }),
    relay(sendOut) {
      send = sendOut;
      return (topic, id) => post({ topic, id, broughtIn: true });
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
