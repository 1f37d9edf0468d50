import type { Clock } from '../../src/server/admission/clock.ts';

/** Time that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Lets so much time pass, timer by timer, and lets what each one starts go on before the next. */
  pass(ms: number): Promise<void>;
  /** Lets so much time pass in which nothing runs; what has become due runs then. */
  passBlocked(ms: number): Promise<void>;
  /** Timers that wait. */
  readonly timers: number;
}

/** Long enough for promises that wait for each other, and for nothing that waits for the network. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};

export function createManualClock(): ManualClock {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    now: () => now,
    after(ms, run) {
      const timer = { at: now + ms, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async pass(ms) {
      const end = now + ms;
      await settle();
      while (true) {
        const [first] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (first === undefined) break;
        timers.delete(first);
        now = Math.max(now, first.at);
        first.run();
        await settle();
      }
      now = end;
    },
    async passBlocked(ms) {
      await settle();
      now += ms;
      for (const timer of [...timers].filter(({ at }) => at <= now)) {
        timers.delete(timer);
        timer.run();
      }
      await settle();
    },
    get timers() {
      return timers.size;
    },
  };
}
