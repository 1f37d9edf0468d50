import { AppError } from '../errors.ts';
import type { Admission } from '../ports/admission.ts';
import { createAdaptiveLimit } from './adaptive-limit.ts';
import { type Clock, systemClock } from './clock.ts';
import { createFairQueue } from './fair-queue.ts';

export interface AdmissionOptions {
  /** Hears when other work shall give way, and when it may go on. */
  readonly onBusy?: (busy: boolean) => void;
  readonly clock?: Clock;
}

const SPAN_MS = 100;
/** Whoever waits longer has an answer that comes too late: a question is to be answered within 2 s (row A4). */
const LONGEST_WAIT_MS = 1500;
/** Of all users; each is a question with its filters, some kilobytes. */
const MOST_WAITING = 500;
/** Shapes `retry-after` until a place was held. */
const FIRST_HOLD_MS = 30;
/** A loop that is this late for so many spans on end answers nobody in time; once is a pause of the machine. */
const FAR_BEHIND_MS = 1000;
const SPANS_BEHIND = 3;
/** Busy ends when nothing has shown it for this many spans: what gives way does not start and stop all the time. */
const CALM_SPANS = 5;

/**
 * Places for the work that waits in line for threads: searching and answering what no cache answers. Their number
 * adapts, users take turns, and whoever would wait too long is told so. What only reads rows is over within one turn of
 * the event loop, so that no number of places bounds it: it is refused when the loop itself is far behind.
 */
export function createAdmission({
  onBusy = () => {},
  clock = systemClock,
}: AdmissionOptions = {}): Admission {
  const adaptive = createAdaptiveLimit();
  const queue = createFairQueue({
    maxActive: () => adaptive.limit,
    maxWaiting: MOST_WAITING,
    firstHoldMs: FIRST_HOLD_MS,
    refusal: 'Too many searches and questions are under way: try again in a moment.',
    clock,
    onLeave: adaptive.took,
  });
  let peak = 0;
  let spansBehind = 0;
  let shedBehind = 0;
  let calmSpans = CALM_SPANS;
  const isBusy = () => calmSpans < CALM_SPANS;

  function conclude(loopDelayMs: number): void {
    spansBehind = loopDelayMs > FAR_BEHIND_MS ? spansBehind + 1 : 0;
    const congested = adaptive.conclude({ loopDelayMs, peak });
    queue.expire(LONGEST_WAIT_MS);
    queue.fill();
    const before = isBusy();
    // whoever only looks how their upload comes along is not held up by it: with a late loop counted for them too,
    // a busy machine embedded 16 documents a minute instead of 22 (row A6)
    const pressed = queue.waiting > 0 || (congested && peak > 0);
    calmSpans = pressed ? 0 : Math.min(CALM_SPANS, calmSpans + 1);
    if (isBusy() !== before) onBusy(!before);
    peak = queue.active;
  }

  let callOff = () => {};
  const watch = () => {
    const begunMs = clock.now();
    callOff = clock.after(SPAN_MS, () => {
      conclude(clock.now() - begunMs - SPAN_MS);
      watch();
    });
  };
  watch();

  return {
    enter(userId, signal) {
      const entering = queue.enter(userId, signal);
      peak = Math.max(peak, queue.active);
      return entering;
    },
    pass() {
      if (spansBehind < SPANS_BEHIND) return;
      shedBehind++;
      throw new AppError('OVERLOADED', 'The server is far behind with its requests: try again in a moment.', {
        retryAfterSeconds: 2,
      });
    },
    figures: () => ({
      limit: adaptive.limit,
      inFlight: queue.active,
      queued: queue.waiting,
      shed: { queue: queue.refused, behind: shedBehind },
      busy: isBusy(),
    }),
    close: () => callOff(),
  };
}
