import { type Clock, pause, systemClock } from '../../admission/clock.ts';
import { createFairQueue } from '../../admission/fair-queue.ts';
import { AppError } from '../../errors.ts';
import type { LanguageModel, ModelEvent, ModelRequest } from '../../ports/language-model.ts';
import { backoffMs } from './backoff.ts';
import { createCircuitBreaker, type Pass } from './circuit-breaker.ts';
import { ModelFault } from './model-fault.ts';
import { type ModelFigures, watchModel } from './model-figures.ts';
import type { ModelDriver } from './sdk-driver.ts';

/** A driver with what its callers share: places, turns, deadlines, repeats, and a memory of how it fares. */
export interface GuardedModel extends LanguageModel {
  readonly figures: ModelFigures;
  /** How it fares, from what it answered so far: the provider is not asked. */
  health(): { readonly status: 'healthy' | 'degraded'; readonly detail: string };
  /**
   * Loads the client and opens a connection by a question that costs nothing.
   * @returns what is wrong, which `health` tells too.
   */
  warmUp(): Promise<ModelFault | undefined>;
  /** Ends what is under way. */
  close(): void;
}

export interface GuardOptions {
  /** Requests at a time. */
  readonly maxConcurrent: number;
  /** For a whole reply with waiting and repeats; half of it for the first word of one try. */
  readonly timeoutMs: number;
  /** Hears of every try that failed. */
  readonly onFault?: (fault: ModelFault) => void;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
}

const TRIES = 3;
/**
 * Who waits, for each place: a short reply takes some three seconds, so whoever comes later would wait in vain for the
 * default deadline of thirty.
 */
const WAITING_PER_PLACE = 10;
const FIRST_HOLD_MS = 3000;

/**
 * @throws from `generate`, beside the driver's faults: AppError OVERLOADED when too many wait, or the turn did not come
 *   within the deadline; ModelFault `away` when the deadline passes, or the service has failed too often to be asked.
 */
export function guardModel(driver: ModelDriver, options: GuardOptions): GuardedModel {
  const { maxConcurrent, timeoutMs, onFault, clock = systemClock, random = Math.random } = options;
  const queue = createFairQueue({
    maxActive: () => maxConcurrent,
    maxWaiting: maxConcurrent * WAITING_PER_PLACE,
    firstHoldMs: FIRST_HOLD_MS,
    refusal: 'Too many questions wait for the language model: ask again soon.',
    clock,
  });
  const breaker = createCircuitBreaker(clock);
  const { figures, note, health } = watchModel({ name: driver.name, queue, breaker, clock });
  const closing = new AbortController();
  const away = (message: string) => new ModelFault(driver.service, 'away', message);

  /** One try: the driver's events, given up when no first one comes in time. */
  async function* tryOnce(
    request: ModelRequest,
    pass: Pass,
    signal: AbortSignal,
  ): AsyncGenerator<ModelEvent> {
    const trying = new AbortController();
    const stop = () => trying.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const callOff = clock.after(timeoutMs / 2, () =>
      trying.abort(away(`${driver.service} has not begun to answer within ${timeoutMs / 2} ms.`)),
    );
    const askedMs = clock.now();
    let begun = false;
    try {
      for await (const event of untilAborted(driver.generate(request, trying.signal), trying.signal)) {
        if (!begun) {
          begun = true;
          callOff();
          pass.spoke();
          note.firstWord(clock.now() - askedMs);
        }
        yield event;
      }
    } finally {
      callOff();
      signal.removeEventListener('abort', stop);
      trying.abort();
    }
  }

  async function* generate(request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
    signal.throwIfAborted();
    note.asked();
    const deadlineMs = clock.now() + timeoutMs;
    const stopping = new AbortController();
    const leave = () => stopping.abort(signal.reason);
    const close = () => stopping.abort(away('The language model is being closed.'));
    if (closing.signal.aborted) close();
    signal.addEventListener('abort', leave, { once: true });
    closing.signal.addEventListener('abort', close, { once: true });
    const callOff = clock.after(timeoutMs, () =>
      stopping.abort(away(`${driver.service} has not answered within ${timeoutMs} ms (LLM_TIMEOUT_MS).`)),
    );
    let release = () => {};
    let begun = false;
    try {
      release = await takeTurn(request.userId ?? '', stopping.signal, signal);
      // whoever leaves without asking for the next event gives the place back too
      stopping.signal.addEventListener('abort', release, { once: true });
      for (let tries = 1; ; tries++) {
        // it may have come between the turn, or the end of the pause, and here
        stopping.signal.throwIfAborted();
        const pass = breaker.admit();
        if (typeof pass === 'number')
          throw away(
            `${driver.service} failed ${breaker.failuresInARow} times in a row: it is asked again in ${Math.ceil(pass / 1000)} s.`,
          );
        try {
          for await (const event of tryOnce(request, pass, stopping.signal)) {
            begun = true;
            if (event.type === 'end') {
              pass.succeeded();
              note.answered(event.usage);
            }
            yield event;
          }
          return;
        } catch (error) {
          if (signal.aborted) throw signal.reason;
          if (!(error instanceof ModelFault)) throw error;
          const fault = error;
          if (!fault.retryable) pass.succeeded();
          // a long answer that the deadline ends is no sign of a service that is away
          else if (!(begun && stopping.signal.aborted)) pass.failed(fault.retryAfterMs);
          note.failed(fault);
          onFault?.(fault);
          if (!fault.retryable || begun || tries === TRIES || stopping.signal.aborted) throw fault;
          const waitMs = backoffMs(tries, random, fault.retryAfterMs);
          if (breaker.state === 'open' || clock.now() + waitMs >= deadlineMs) throw fault;
          note.repeated();
          await pause(clock, waitMs, stopping.signal);
        } finally {
          pass.dropped();
        }
      }
    } finally {
      callOff();
      signal.removeEventListener('abort', leave);
      closing.signal.removeEventListener('abort', close);
      release();
    }
  }

  async function takeTurn(userId: string, stop: AbortSignal, caller: AbortSignal): Promise<() => void> {
    try {
      return await queue.enter(userId, stop);
    } catch (error) {
      if (caller.aborted) throw error;
      note.refused();
      if (error instanceof AppError || closing.signal.aborted) throw error;
      throw new AppError('OVERLOADED', 'The language model had no time for this question: ask again soon.', {
        retryAfterSeconds: Math.max(1, Math.ceil(timeoutMs / 1000 / 2)),
      });
    }
  }

  return {
    name: driver.name,
    contextTokens: driver.contextTokens,
    maxReplyTokens: driver.maxReplyTokens,
    figures,
    health,
    generate,
    async warmUp() {
      const stop = new AbortController();
      const callOff = clock.after(timeoutMs / 2, () => stop.abort(away(`${driver.service} is silent.`)));
      let fault: ModelFault | undefined;
      try {
        await driver.check(AbortSignal.any([stop.signal, closing.signal]));
      } catch (error) {
        if (closing.signal.aborted) return undefined;
        if (!(error instanceof ModelFault)) throw error;
        fault = error;
      } finally {
        callOff();
      }
      note.checked(fault);
      return fault;
    },
    close: () => closing.abort(),
  };
}

/** The events of `reply` until `signal` is aborted, even when `reply` does not listen to it. */
async function* untilAborted<T>(reply: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = reply[Symbol.asyncIterator]();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  // nobody may be waiting for it when the signal comes
  aborted.catch(() => {});
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    while (true) {
      const next = await Promise.race([iterator.next(), aborted]);
      if (next.done) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    // not waited for: a generator that is stuck in its work would keep its caller
    iterator.return?.().catch(() => {});
  }
}
