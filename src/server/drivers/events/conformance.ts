import { describe, expect, test } from 'vitest';
import type { Events } from '../../ports/events.ts';

/** Two members of one installation (threads or processes), and one of another. */
export interface EventsUnderTest {
  readonly one: Events;
  readonly two: Events;
  readonly stranger: Events;
}

/** Every driver of `Events` passes these. */
export function eventsConformance(name: string, make: () => Promise<EventsUnderTest>): void {
  describe(`events: ${name}`, () => {
    /** Resolves when `to` has heard everything that `from` said before. */
    const heardAll = (from: Events, to: Events): Promise<void> =>
      new Promise((resolve) => {
        const mark = `mark ${Math.random()}`;
        const leave = to.subscribe('jobs', (id) => {
          if (id !== mark) return;
          leave();
          resolve();
        });
        from.publish('jobs', mark);
      });

    test('a message reaches every listener of its topic once, its own side included', async () => {
      const { one, two, stranger } = await make();
      const heard: string[] = [];
      one.subscribe('task', (id) => heard.push(`one ${id}`));
      two.subscribe('task', (id) => heard.push(`two ${id}`));
      two.subscribe('task', (id) => heard.push(`also two ${id}`));
      two.subscribe('cancel', (id) => heard.push(`cancel ${id}`));
      one.publish('task', 'a');
      await heardAll(one, two);
      await heardAll(two, one);
      expect(heard.sort()).toEqual(['also two a', 'one a', 'two a']);
      await Promise.all([one.close(), two.close(), stranger.close()]);
    });

    test('nobody is called inside publish, and nobody who has left', async () => {
      const { one, two, stranger } = await make();
      const heard: string[] = [];
      const leave = one.subscribe('task', (id) => heard.push(id));
      one.publish('task', 'a');
      expect(heard).toEqual([]);
      await heardAll(one, one);
      expect(heard).toEqual(['a']);
      leave();
      two.publish('task', 'b');
      await heardAll(two, one);
      expect(heard).toEqual(['a']);
      await Promise.all([one.close(), two.close(), stranger.close()]);
    });

    test('messages of both sides arrive', async () => {
      const { one, two, stranger } = await make();
      const heard: string[] = [];
      one.subscribe('task', (id) => heard.push(id));
      for (let n = 0; n < 20; n++) (n % 2 ? one : two).publish('task', `${n}`);
      await heardAll(one, two);
      await heardAll(two, one);
      expect(heard.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, n) => n));
      await Promise.all([one.close(), two.close(), stranger.close()]);
    });

    test('another installation hears nothing', async () => {
      const { one, two, stranger } = await make();
      const heard: string[] = [];
      stranger.subscribe('task', (id) => heard.push(id));
      one.publish('task', 'a');
      await heardAll(one, two);
      await heardAll(stranger, stranger);
      expect(heard).toEqual([]);
      await Promise.all([one.close(), two.close(), stranger.close()]);
    });

    test('after close nothing is sent or heard', async () => {
      const { one, two, stranger } = await make();
      const heard: string[] = [];
      one.subscribe('task', (id) => heard.push(`one ${id}`));
      two.subscribe('task', (id) => heard.push(`two ${id}`));
      await one.close();
      one.publish('task', 'a');
      two.publish('task', 'b');
      await heardAll(two, two);
      expect(heard).toEqual(['two b']);
      await Promise.all([two.close(), stranger.close()]);
    });
  });
}
