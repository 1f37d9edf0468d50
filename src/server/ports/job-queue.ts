import type { Transaction } from './transaction.ts';

/** Work that must happen although processes die. At least once: handlers are idempotent. */
export interface JobQueue {
  /** Part of the caller's transaction: the rows and their job appear together or not at all. */
  enqueue(tx: Transaction, job: NewJob): Promise<string>;
  /**
   * Takes the next due job and leases it to this process, or returns undefined. A lease whose owner died
   * is free again within seconds; one that is not renewed runs out.
   */
  take(kinds: readonly JobKind[]): Promise<LeasedJob | undefined>;
  /** Ends waiting (queued or delayed) jobs of a document; a running one sees its signal abort. */
  cancel(tx: Transaction, documentId: string): Promise<void>;
  /** Resolves when there may be something to take (a wake-up or the poll interval), or at abort. */
  waitForWork(signal: AbortSignal): Promise<void>;
  /** Waiting and running jobs now. */
  depth(): Promise<{ queued: number; running: number; failed: number }>;
  close(): Promise<void>;
}

/**
 * `ingest` reads a document until it is found by keyword, `embed` then adds its vectors; `ocr` reads it again with the
 * text of its pictures.
 */
export type JobKind = 'ingest' | 'embed' | 'ocr' | 'purge' | 'purge-collection';

export interface NewJob {
  readonly kind: JobKind;
  readonly payload: unknown;
  readonly documentId?: string;
  /** Higher first; within one priority in order of arrival. */
  readonly priority?: number;
  readonly maxAttempts?: number;
}

export interface LeasedJob {
  readonly id: string;
  readonly kind: JobKind;
  readonly payload: unknown;
  readonly documentId?: string;
  /** 1 on the first try. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** How many of the last tries in a row ended with the death of their process, or without renewal. */
  readonly deaths: number;
  /** Aborts when the job is cancelled or the lease is lost. */
  readonly signal: AbortSignal;
  /** Called inside the transaction that stores the result, so that both commit together. */
  complete(tx?: Transaction): Promise<void>;
  /** Tries again after `delayMs`, or ends as failed when `delayMs` is undefined. */
  fail(reason: string, delayMs: number | undefined, tx?: Transaction): Promise<void>;
  /** Gives the job back untouched (shutdown): the attempt does not count. */
  release(): Promise<void>;
}
