import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import type { GiveWay } from './give-way.ts';

export interface Pace {
  /** How long a transaction should hold the write lock, which requests need too. */
  readonly targetMs: number;
  readonly first: number;
  readonly least: number;
  readonly most: number;
}

export interface WriteSteps<T, P> {
  /** Runs before the transaction, with the lock free; its result goes to `write`. */
  prepare(batch: readonly T[]): P;
  write(tx: Transaction, prepared: P, upTo: number): Promise<void>;
  written?(): void;
}

/** The pace so far, for items that come as several lists. */
export class PaceKept {
  readonly pace: Pace;
  /** Of the next batch. */
  size: number;
  constructor(pace: Pace) {
    this.pace = pace;
    this.size = pace.first;
  }
}

/**
 * Writes a long list in transactions of about `targetMs`, whatever the machine and the items: the size of the
 * next batch follows from how long the last one took.
 */
export async function writePaced<T, P>(
  db: Kysely<Database>,
  items: readonly T[],
  paced: Pace | PaceKept,
  steps: WriteSteps<T, P>,
  { signal, giveWay }: { readonly signal: AbortSignal; readonly giveWay: GiveWay },
): Promise<void> {
  const kept = paced instanceof PaceKept ? paced : new PaceKept(paced);
  const { pace } = kept;
  for (let from = 0; from < items.length; ) {
    // between batches other work of this thread gets its turn, and other connections the lock
    await nextTurn();
    signal.throwIfAborted();
    const begunMs = performance.now();
    const batch = items.slice(from, from + kept.size);
    const prepared = steps.prepare(batch);
    from += batch.length;
    const upTo = from;
    const tookMs = await db.transaction().execute(async (tx) => {
      const begun = performance.now();
      await steps.write(tx, prepared, upTo);
      // without the commit: its checkpoint, now and then 12 ms, runs when the write lock is free again
      return performance.now() - begun;
    });
    steps.written?.();
    await giveWay(performance.now() - begunMs);
    const fitting = (batch.length * pace.targetMs) / Math.max(0.05, tookMs);
    kept.size = Math.max(
      pace.least,
      Math.min(pace.most, 2 * kept.size, Math.round((kept.size + fitting) / 2)),
    );
  }
}
