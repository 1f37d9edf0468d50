import { type Kysely, sql } from 'kysely';
import type { Database, UsageRow } from '../ports/schema.ts';

/** What somebody asked for, whoever it was worked for first. */
export interface CountedRequest {
  readonly userId: string;
  readonly model: string;
  readonly kind: UsageRow['kind'];
  /** What a cache gave, and so was not paid again; undefined when it was made anew. */
  readonly savedUsd?: number | undefined;
}

/** What one call of a model took: counted where it is paid, so that those who share an answer pay once. */
export interface Spent {
  readonly userId: string;
  readonly model: string;
  readonly kind: UsageRow['kind'];
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly costUsd: number;
}

/** Counts usage beside the requests: they are added up in memory and written together a moment later. */
export interface UsageMeter {
  request(request: CountedRequest): void;
  spend(spent: Spent): void;
  /** What was spent since the start of this process. */
  spent(): Pick<Spent, 'promptTokens' | 'completionTokens' | 'costUsd'>;
  /** Writes what is not written yet. */
  flush(): Promise<void>;
}

/** A crash loses at most this much of the count. */
const WRITE_AFTER_MS = 1000;

/** @param onFailure a write failed; its counts stay and go along with the next one. */
export function createUsageMeter(db: Kysely<Database>, onFailure: (error: unknown) => void): UsageMeter {
  const sums = new Map<string, UsageRow>();
  const total = { promptTokens: 0, completionTokens: 0, costUsd: 0 };
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
  const add = ({ userId, model, kind }: CountedRequest, counts: Partial<UsageRow>) => {
    const day = new Date().toISOString().slice(0, 10);
    sum(sums, { user_id: userId, day, model, kind, ...NOTHING, ...counts });
    timer ??= setTimeout(flush, WRITE_AFTER_MS).unref();
  };
  return {
    request(request) {
      const { savedUsd } = request;
      add(request, {
        requests: 1,
        ...(savedUsd === undefined ? {} : { cached_requests: 1, saved_usd: savedUsd }),
      });
    },
    spend(spent) {
      total.promptTokens += spent.promptTokens;
      total.completionTokens += spent.completionTokens;
      total.costUsd += spent.costUsd;
      add(spent, {
        prompt_tokens: spent.promptTokens,
        completion_tokens: spent.completionTokens,
        cost_usd: spent.costUsd,
      });
    },
    spent: () => total,
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

const NOTHING = {
  requests: 0,
  cached_requests: 0,
  prompt_tokens: 0,
  completion_tokens: 0,
  cost_usd: 0,
  saved_usd: 0,
};

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
