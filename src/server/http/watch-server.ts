import type { Services } from './services.ts';
import type { VitalsReader } from './vitals.ts';

const CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** Tells the operators what the HTTP side does. @returns where answers are counted. */
export function watchServer(
  { metrics, cache, admission }: Services,
  vitals: VitalsReader,
): { count(status: number): void } {
  const responses = metrics.counters(
    'ka_http_responses_total',
    'Answers by class of status',
    'class',
    CLASSES,
  );

  for (const figure of ['hits', 'misses'] as const)
    metrics.total(`ka_cache_${figure}_total`, `Cached results: ${figure}`, () => cache.stats()[figure]);
  metrics.gauge('ka_cache_entries', 'Cached results', () => cache.stats().entries);
  metrics.gauge('ka_cache_bytes', 'What cached results take, about', () => cache.stats().bytes);

  metrics.gauge(
    'ka_event_loop_lag_seconds',
    'Delay of the event loop, p99 of the last minute or two',
    () => vitals.eventLoopLagMs() / 1000,
  );
  metrics.gauge(
    'ka_admission_limit',
    'Searches and questions that may be worked out at a time, as load has it',
    () => admission.figures().limit,
  );
  metrics.gauge('ka_admission_in_flight', 'Those that are', () => admission.figures().inFlight);
  metrics.gauge('ka_admission_queued', 'Those that wait for a place', () => admission.figures().queued);
  metrics.gauge('ka_admission_busy', '1 while documents give way to requests', () =>
    Number(admission.figures().busy),
  );
  metrics.total(
    'ka_admission_shed_total',
    'Refused: too many waited (queue), or the main thread was far behind (behind)',
    () => admission.figures().shed,
    'reason',
  );

  metrics.total(
    'ka_network_bytes_total',
    'Bytes over connections of the API',
    () => ({ received: vitals.networkIo().receivedBytes, sent: vitals.networkIo().sentBytes }),
    'direction',
  );
  metrics.gauge('ka_disk_used_ratio', 'Of the disk that holds the data folder', vitals.diskUsedShare);

  return {
    count: (status) => responses.add(CLASSES[Math.floor(status / 100) - 1] ?? '5xx'),
  };
}
