import type { Kysely } from 'kysely';
import type { Events } from '../ports/events.ts';
import type { Database } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { noteProgress } from '../records/tasks.ts';

/** A person sees about this many steps a second; each costs a row and a message. */
const STEP_MS = 200;

/** How far one document is, told to the tasks that follow it. */
export interface Progress {
  /** Notes a stage at once, in a transaction of its own. */
  now(stage: string, percent: number): Promise<void>;
  /** Notes a step within the caller's transaction, unless the last one is too fresh. */
  step(tx: Transaction, stage: string, percent: number): Promise<void>;
  /** Remembers tasks that the caller's transaction changed. */
  changed(taskIds: readonly string[]): void;
  /** Tells of what has been noted, after the commit. */
  publish(): void;
}

export function createProgress(
  { db, events }: { db: Kysely<Database>; events: Events },
  documentId: string,
): Progress {
  const unpublished = new Set<string>();
  let lastStep = 0;
  const changed = (ids: readonly string[]) => {
    for (const id of ids) unpublished.add(id);
  };
  const publish = () => {
    for (const id of unpublished) events.publish('task', id);
    unpublished.clear();
  };
  return {
    changed,
    publish,
    async now(stage, percent) {
      lastStep = performance.now();
      changed(await noteProgress(db, documentId, { stage, percent }));
      publish();
    },
    async step(tx, stage, percent) {
      if (performance.now() - lastStep < STEP_MS) return;
      lastStep = performance.now();
      changed(await noteProgress(tx, documentId, { stage, percent }));
    },
  };
}
