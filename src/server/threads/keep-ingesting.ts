import { statSync } from 'node:fs';
import type { Log } from '../log.ts';
import type { Events } from '../ports/events.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { RecordsPlace } from '../records/open-records.ts';
import type { EndedJob, IngestHandlers, IngestNote, IngestThreadData } from './ingest-thread.ts';
import { siblingModule, startThread, type Thread, type ThreadOptions } from './rpc.ts';

export interface IngestKeeper {
  /** The thread that runs gives its jobs back, and the next one embeds by another model. */
  moveTo(space: Pick<IngestThreadData, 'vectors' | 'embedding'>): Promise<void>;
  /** Gives back what runs and ends the thread. */
  close(): Promise<void>;
}

export interface IngestKeeperOptions {
  readonly queue: JobQueue;
  readonly events: Events;
  readonly log: Log;
  /** While it says so no job is taken, and a thread that has none running ends. */
  readonly held?: () => boolean;
  /** Whether something else waits for the thread: vectors that their server does not have yet. */
  readonly waiting?: () => Promise<boolean>;
  /** Hears of every job that was run. */
  readonly onEnd?: (job: EndedJob) => void;
  /** How long the thread stays without work. */
  readonly idleMs?: number;
  /** Starts one thread; the real one by default. */
  readonly startIngestThread?: (options: ThreadOptions) => Thread<IngestHandlers>;
}

/** How often work of other processes is looked for; work of this one is announced. */
const LOOK_EVERY_MS = 1000;
const IDLE_MS = 30_000;
const DRAIN_MS = 5000;
/** A thread that dies within this time is started again after half a second, one, two …, at most this long. */
const SETTLED_MS = 60_000;
const FIRST_PAUSE_MS = 500;
/** The thread also copies the log back into the database: from this size on it is started for that alone. */
const LOG_TO_COPY_BYTES = 16 * 1024 * 1024;

/**
 * Runs the ingest thread while there are jobs: at rest its 30 MB are free for others. It is started at once for
 * jobs of this process, within a second for those of another one or of a crash, and again when it dies, ever more
 * seldom where it dies at once.
 */
export function keepIngesting(
  first: IngestThreadData,
  {
    queue,
    events,
    log,
    idleMs = IDLE_MS,
    held = () => false,
    waiting = async () => false,
    onEnd = () => {},
    startIngestThread = startRealThread,
  }: IngestKeeperOptions,
): IngestKeeper {
  let data = first;
  let thread: Thread<IngestHandlers> | undefined;
  let ending: Promise<void> = Promise.resolve();
  let lastWorkAt = 0;
  let closed = false;
  /** Deaths one soon after the other, and until when no thread is started because of them. */
  let deaths = 0;
  let pausedUntil = 0;

  function start(): void {
    const startedAt = performance.now();
    lastWorkAt = startedAt;
    if (thread !== undefined || closed || held() || startedAt < pausedUntil) return;
    const started = startIngestThread({
      name: 'ingest',
      data,
      maxOldGenerationMb: 256,
      onDeath: (error) => {
        log.error('ingest thread died', { error });
        // jobs that it held are free when their leases run out; the next look starts another thread
        if (thread === started) thread = undefined;
        const now = performance.now();
        deaths = now - startedAt < SETTLED_MS ? deaths + 1 : 1;
        pausedUntil = now + Math.min(SETTLED_MS, FIRST_PAUSE_MS * 2 ** (deaths - 1));
      },
    });
    started.onNote((note) => {
      const told = note as IngestNote;
      if ('ended' in told) return onEnd(told.ended);
      if ('vectorsAway' in told) {
        if (told.vectorsAway === undefined) log.info('vectors are back');
        else log.warn('vectors wait: their server is away', { error: told.vectorsAway });
        return;
      }
      const { job, error, final } = told;
      log.warn(final ? 'job failed' : 'job will be tried again', { job, error });
    });
    thread = started;
  }

  function end(): Promise<void> {
    const leaving = thread;
    thread = undefined;
    if (leaving === undefined) return ending;
    ending = leaving
      .call('drain', { timeoutMs: DRAIN_MS })
      .catch(() => {})
      .then(() => leaving.close());
    return ending;
  }

  /** Whether the thread was told to take no jobs. */
  let holding = false;

  async function look(): Promise<void> {
    if (held()) {
      if (!holding) await thread?.call('hold', true);
      holding = true;
      if (thread !== undefined && (await thread.call('stats', undefined)).runningHere === 0) await end();
      return;
    }
    if (holding) await thread?.call('hold', false);
    holding = false;
    const { queued, running } = await queue.depth();
    if (queued + running > 0) return start();
    if (thread === undefined) {
      if (logBytes(data.records) > LOG_TO_COPY_BYTES || (await waiting())) start();
    } else if (performance.now() - lastWorkAt > idleMs && !(await waiting())) await end();
  }

  /** What reads the file is started while the file still arrives. */
  function expectFile(): void {
    start();
    thread?.call('expectFile', undefined).catch(() => {});
  }

  const stopListening = [events.subscribe('jobs', start), events.subscribe('upload', expectFile)];
  // a look that fails (the database was busy) is made again with the next one
  const lookSafely = () =>
    look().catch((error: unknown) => log.warn('jobs could not be looked for', { error }));
  let looking = lookSafely();
  const timer = setInterval(() => {
    looking = looking.then(lookSafely);
  }, LOOK_EVERY_MS).unref();

  return {
    async moveTo(space) {
      data = { ...data, ...space };
      await end();
      await lookSafely();
    },
    async close() {
      closed = true;
      clearInterval(timer);
      for (const stop of stopListening) stop();
      await looking;
      await end();
    },
  };
}

const logBytes = (records: RecordsPlace): number =>
  records.kind === 'sqlite' ? (statSync(`${records.path}-wal`, { throwIfNoEntry: false })?.size ?? 0) : 0;

const startRealThread = (options: ThreadOptions): Thread<IngestHandlers> =>
  startThread<IngestHandlers>(siblingModule('./ingest-thread', import.meta.url), options);
