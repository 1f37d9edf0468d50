import type { Clock } from '../../admission/clock.ts';
import type { FairQueue } from '../../admission/fair-queue.ts';
import type { Metrics } from '../../metrics.ts';
import type { ModelUsage } from '../../ports/language-model.ts';
import type { CircuitBreaker } from './circuit-breaker.ts';
import type { ModelFault } from './model-fault.ts';

/** Since the start, and now. */
export interface ModelFigures {
  readonly requests: number;
  readonly answers: number;
  readonly failures: number;
  readonly repeats: number;
  readonly refused: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly active: number;
  readonly waiting: number;
  readonly breaker: CircuitBreaker['state'];
  /** Keeps these in Prometheus' text as `ka_llm_…`, and the time to the first word as stage `llm-first-word`. */
  publish(metrics: Metrics): void;
}

/** What the parts of a guarded model tell of what happens. */
export interface ModelNotes {
  asked(): void;
  firstWord(tookMs: number): void;
  answered(usage: ModelUsage): void;
  failed(fault: ModelFault): void;
  repeated(): void;
  /** There was no place. */
  refused(): void;
  /** @param fault of the check; undefined when all was well. */
  checked(fault?: ModelFault): void;
}

const COUNTS = {
  requests: 'Requests to the language model',
  answers: 'Replies that came to their end',
  failures: 'Tries that failed',
  repeats: 'Tries after a failed one',
  refused: 'Requests for which there was no place',
  promptTokens: 'Tokens of prompts, as the provider counts them',
  completionTokens: 'Tokens of replies, as the provider counts them',
} as const;
const BREAKER = { closed: 0, 'half-open': 1, open: 2 } as const;

export function watchModel({
  name,
  queue,
  breaker,
  clock,
}: {
  readonly name: string;
  readonly queue: FairQueue;
  readonly breaker: CircuitBreaker;
  readonly clock: Clock;
}) {
  const counts = Object.fromEntries(Object.keys(COUNTS).map((count) => [count, 0])) as Record<
    keyof typeof COUNTS,
    number
  >;
  const published: ((count: keyof typeof COUNTS, n: number) => void)[] = [];
  const firstWords: ((tookMs: number) => void)[] = [];
  const add = (count: keyof typeof COUNTS, n = 1) => {
    counts[count] += n;
    for (const publish of published) publish(count, n);
  };
  let wellAtMs: number | undefined;
  let answered = false;
  let lastFault: ModelFault | undefined;

  const well = () => {
    wellAtMs = clock.now();
    lastFault = undefined;
  };
  const note: ModelNotes = {
    asked: () => add('requests'),
    firstWord(tookMs) {
      for (const record of firstWords) record(tookMs);
    },
    answered({ promptTokens, completionTokens }) {
      answered = true;
      well();
      add('answers');
      add('promptTokens', promptTokens);
      add('completionTokens', completionTokens);
    },
    failed(fault) {
      add('failures');
      // that one request is refused says nothing of the others
      if (fault.kind !== 'request') lastFault = fault;
    },
    repeated: () => add('repeats'),
    refused: () => add('refused'),
    checked(fault) {
      if (fault === undefined) well();
      else lastFault = fault;
    },
  };

  const figures: ModelFigures = {
    get requests() {
      return counts.requests;
    },
    get answers() {
      return counts.answers;
    },
    get failures() {
      return counts.failures;
    },
    get repeats() {
      return counts.repeats;
    },
    get refused() {
      return counts.refused;
    },
    get promptTokens() {
      return counts.promptTokens;
    },
    get completionTokens() {
      return counts.completionTokens;
    },
    get active() {
      return queue.active;
    },
    get waiting() {
      return queue.waiting;
    },
    get breaker() {
      return breaker.state;
    },
    publish(metrics) {
      const snake = (count: string) => count.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const counters = new Map(
        Object.entries(COUNTS).map(([count, help]) => {
          const counter = metrics.counter(`ka_llm_${snake(count)}_total`, help);
          counter.add(counts[count as keyof typeof COUNTS]);
          return [count, counter];
        }),
      );
      published.push((count, n) => counters.get(count)?.add(n));
      const firstWord = metrics.stage('llm-first-word');
      firstWords.push((tookMs) => firstWord.record(tookMs));
      metrics.gauge('ka_llm_active', 'Requests that are with the language model', () => queue.active);
      metrics.gauge('ka_llm_queue_length', 'Requests that wait for a place', () => queue.waiting);
      metrics.gauge(
        'ka_llm_breaker_state',
        'Whether the language model is asked: 0 yes, 1 one finds out, 2 no',
        () => BREAKER[breaker.state],
      );
    },
  };

  /** A model that is away makes answers poorer, and nothing else: they are extracted then. */
  function health(): { status: 'healthy' | 'degraded'; detail: string } {
    const about = (text: string) => `${name}: ${text}`;
    const pause = `it failed ${breaker.failuresInARow} times in a row and is left alone for a while.`;
    if (breaker.state === 'open')
      return { status: 'degraded', detail: about([lastFault?.message, pause].join(' ').trim()) };
    if (lastFault !== undefined) return { status: 'degraded', detail: about(lastFault.message) };
    if (wellAtMs === undefined) return { status: 'healthy', detail: about('not asked yet') };
    const seconds = Math.round((clock.now() - wellAtMs) / 1000);
    return { status: 'healthy', detail: about(`${answered ? 'answered' : 'was there'} ${seconds} s ago`) };
  }
  return { figures, note, health };
}
