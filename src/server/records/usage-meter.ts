import { type Kysely, sql } from 'kysely';
import type { Database, UsageRow } from '../ports/schema.ts';

/** One request to a model, or one that a cache answered in its place. */
export interface UsedModel {
  readonly userId: string;
  readonly model: string;
  readonly kind: UsageRow['kind'];
  readonly cached: boolean;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costUsd: number;
}

/** Counts usage beside the requests: they are added up in memory and written together a moment later. */
export interface UsageMeter {
  record(used: UsedModel): void;
  /** Writes what is not written yet. */
  flush(): Promise<void>;
}

/** A crash loses at most this much of the count. */
const WRITE_AFTER_MS = 1000;

/** @param onFailure a write failed; its counts stay and go along with the next one. */
export function createUsageMeter(db: Kysely<Database>, onFailure: (error: unknown) => void): UsageMeter {
  const sums = new Map<string, UsageRow>();
  let timer: NodeJS.Timeout | undefined;
  const flush = async () => {
    clearTimeout(timer);
    timer = undefined;
    const rows = [...sums.values()];
    sums.clear();
    if (rows.length === 0) return;
    try {
      await db.transaction().execute(async (tx) => {
        for (const row of rows) await addUsage(tx, row);
      });
    } catch (error) {
      for (const row of rows) sum(sums, row);
      onFailure(error);
    }
  };
  return {
    record({ userId, model, kind, cached, promptTokens, completionTokens, costUsd }) {
      sum(sums, {
        user_id: userId,
        day: new Date().toISOString().slice(0, 10),
        model,
        kind,
        requests: 1,
        cached_requests: cached ? 1 : 0,
        prompt_tokens: cached ? 0 : promptTokens,
        completion_tokens: cached ? 0 : completionTokens,
        cost_usd: cached ? 0 : costUsd,
        saved_usd: cached ? costUsd : 0,
      });
      timer ??= setTimeout(flush, WRITE_AFTER_MS).unref();
    },
    flush,
  };
}

const COUNTS = [
  'requests',
  'cached_requests',
  'prompt_tokens',
  'completion_tokens',
  'cost_usd',
  'saved_usd',
] as const;

function sum(sums: Map<string, UsageRow>, row: UsageRow): void {
  const key = JSON.stringify([row.user_id, row.day, row.model, row.kind]);
  const known = sums.get(key);
  if (known === undefined) sums.set(key, { ...row });
  else for (const count of COUNTS) known[count] += row[count];
}

/** An account that was removed meanwhile gets no rows any more. */
async function addUsage(tx: Kysely<Database>, row: UsageRow): Promise<void> {
  const counts = sql.join(COUNTS.map((count) => sql.ref(count)));
  const sums = sql.join(
    COUNTS.map((count) => sql`${sql.ref(count)} = usage.${sql.ref(count)} + excluded.${sql.ref(count)}`),
  );
  await sql`
    insert into usage (user_id, day, model, kind, ${counts})
    select ${row.user_id}, ${row.day}, ${row.model}, ${row.kind}, ${sql.join(COUNTS.map((count) => row[count]))}
    where exists (select 1 from users where id = ${row.user_id})
    on conflict (user_id, day, model, kind) do update set ${sums}`.execute(tx);
}
