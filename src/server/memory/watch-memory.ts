import { AppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { MemoryLevel, MemoryReading, MemoryWatch } from '../ports/memory-watch.ts';

/** Shares of the limit at which a level begins, and below which it ends: a level does not flutter. */
const HIGH = { from: 0.8, until: 0.75 };
const CRITICAL = { from: 0.95, until: 0.9 };
const SAMPLE_MS = 1000;
const RETRY_AFTER_SECONDS = 10;

export interface MemoryWatchOptions {
  readonly limitBytes: number;
  readonly read: () => MemoryReading;
  readonly log: Log;
  /** Runs `sample` from time to time. @returns what ends that. */
  readonly everySample?: (sample: () => void) => () => void;
}

/** Samples memory and tells when it nears its limit. Collecting garbage is left to the engine. */
export function watchMemory({
  limitBytes,
  read,
  log,
  everySample = everySecond,
}: MemoryWatchOptions): MemoryWatch {
  const listeners: ((level: MemoryLevel) => void)[] = [];
  let reading = read();
  let level = levelOf(reading.rssBytes / limitBytes, 'normal');
  let refused = 0;
  const tell = () =>
    log[level === 'normal' ? 'info' : 'warn']('memory', {
      level,
      rssMb: Math.round(reading.rssBytes / 2 ** 20),
      limitMb: Math.round(limitBytes / 2 ** 20),
    });
  if (level !== 'normal') tell();
  const end = everySample(() => {
    reading = read();
    const now = levelOf(reading.rssBytes / limitBytes, level);
    if (now === level) return;
    level = now;
    tell();
    for (const listener of listeners) listener(level);
  });
  return {
    limitBytes,
    level: () => level,
    reading: () => reading,
    admit() {
      if (level !== 'critical') return;
      refused++;
      throw new AppError(
        'OVERLOADED',
        'The server is short of memory and takes no new heavy work. Try again in a moment; if this lasts, raise MEMORY_LIMIT_MB.',
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      );
    },
    onChange(listener) {
      listeners.push(listener);
      if (level !== 'normal') listener(level);
    },
    refused: () => refused,
    close: end,
  };
}

function levelOf(share: number, before: MemoryLevel): MemoryLevel {
  if (share >= (before === 'critical' ? CRITICAL.until : CRITICAL.from)) return 'critical';
  if (share >= (before === 'normal' ? HIGH.from : HIGH.until)) return 'high';
  return 'normal';
}

function everySecond(sample: () => void): () => void {
  const timer = setInterval(sample, SAMPLE_MS).unref();
  return () => clearInterval(timer);
}
