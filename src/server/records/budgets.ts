import type { Kysely } from 'kysely';
import { LRUCache } from 'lru-cache';
import { AppError } from '../errors.ts';
import type { Database } from '../ports/schema.ts';
import type { Spent, UsageMeter } from './usage-meter.ts';

/** What users may spend on models. */
export interface Budgets {
  /**
   * Puts aside what a call may cost at most, so that calls side by side stay within the budget together.
   *
   * @param what it is for, as the refusal names it; a question where nothing is said.
   * @throws AppError BUDGET_EXCEEDED when that is more than what is left.
   */
  reserve(userId: string, atMostUsd: number, what?: Purpose): Promise<Reservation>;
}

type Purpose = 'question' | 'texts' | 'document';

export interface Reservation {
  /** Counts what the call took and gives back the rest; once. */
  settle(spent: Omit<Spent, 'userId'>): void;
}

export interface BudgetDefaults {
  /** For users without a daily budget of their own; undefined: no bound. */
  readonly dailyUsd: number | undefined;
  /** For users without a monthly budget of their own. */
  readonly monthlyUsd: number | undefined;
}

interface Ledger {
  readonly readAtMs: number;
  readonly day: string;
  dailyUsd: number | undefined;
  monthlyUsd: number | undefined;
  spentTodayUsd: number;
  spentThisMonthUsd: number;
}

/** What other processes have spent and an administrator has changed is known after this time. */
const LEDGER_MS = 15_000;
const USERS_KEPT = 10_000;

/**
 * Days and months are those of UTC, as in the usage table. A user's spending is read from it now and then and counted
 * on in memory, at no time too low: what is under way counts with all that it may cost.
 */
export function createBudgets(
  db: Kysely<Database>,
  meter: UsageMeter,
  defaults: BudgetDefaults,
  now: () => Date = () => new Date(),
): Budgets {
  const ledgers = new LRUCache<string, Promise<Ledger>>({ max: USERS_KEPT });
  const reserved = new Map<string, number>();

  async function readLedger(userId: string, day: string): Promise<Ledger> {
    await meter.flush();
    const user = await db
      .selectFrom('users')
      .select(['daily_budget_usd', 'monthly_budget_usd'])
      .where('id', '=', userId)
      .executeTakeFirst();
    const rows = await db
      .selectFrom('usage')
      .select(['day', 'cost_usd'])
      .where('user_id', '=', userId)
      // the operator's decision, which takes nobody's questions away
      .where('kind', '!=', 'reindex')
      .where('day', '>=', `${day.slice(0, 7)}-01`)
      .where('day', '<=', day)
      .execute();
    const sum = (some: typeof rows) => some.reduce((total, { cost_usd }) => total + cost_usd, 0);
    return {
      readAtMs: now().getTime(),
      day,
      dailyUsd: user?.daily_budget_usd ?? defaults.dailyUsd,
      monthlyUsd: user?.monthly_budget_usd ?? defaults.monthlyUsd,
      spentTodayUsd: sum(rows.filter((row) => row.day === day)),
      spentThisMonthUsd: sum(rows),
    };
  }

  async function ledgerOf(userId: string): Promise<Ledger> {
    const at = now();
    const day = at.toISOString().slice(0, 10);
    const known = await ledgers.get(userId);
    if (known !== undefined && known.day === day && at.getTime() - known.readAtMs < LEDGER_MS) return known;
    const read = readLedger(userId, day);
    ledgers.set(userId, read);
    // a read that failed is made again
    read.catch(() => ledgers.delete(userId));
    return read;
  }

  return {
    async reserve(userId, atMostUsd, what = 'question') {
      const ledger = await ledgerOf(userId);
      const underWay = reserved.get(userId) ?? 0;
      const left = (budget: number, spent: number) => budget - spent - underWay - atMostUsd;
      if (atMostUsd > 0) {
        const { dailyUsd, monthlyUsd } = ledger;
        const refuse = (...why: Parameters<typeof exceeded>) => {
          // an administrator may raise it: whoever was refused is looked up anew
          ledgers.delete(userId);
          return exceeded(...why);
        };
        if (dailyUsd !== undefined && left(dailyUsd, ledger.spentTodayUsd) < 0)
          throw refuse('daily', dailyUsd, 'tomorrow (UTC)', what);
        if (monthlyUsd !== undefined && left(monthlyUsd, ledger.spentThisMonthUsd) < 0)
          throw refuse('monthly', monthlyUsd, 'on the first of next month (UTC)', what);
      }
      reserved.set(userId, underWay + atMostUsd);
      return {
        settle(spent) {
          const rest = (reserved.get(userId) ?? 0) - atMostUsd;
          // the last one also takes along what rounding left
          if (rest > 1e-12) reserved.set(userId, rest);
          else reserved.delete(userId);
          meter.spend({ userId, ...spent });
          void ledgers.get(userId)?.then((current) => {
            current.spentTodayUsd += spent.costUsd;
            current.spentThisMonthUsd += spent.costUsd;
          });
        },
      };
    },
  };
}

const PURPOSES: Readonly<Record<Purpose, readonly [what: string, until: string]>> = {
  question: ['this question', '; until then ask with the model "extractive", which costs nothing'],
  texts: ['these texts', ''],
  document: ['the vectors of this document', '; until then it is found by its words'],
};

const exceeded = (period: 'daily' | 'monthly', budgetUsd: number, renews: string, purpose: Purpose) => {
  const [what, until] = PURPOSES[purpose];
  return new AppError(
    'BUDGET_EXCEEDED',
    `What is left of your ${period} budget of $${budgetUsd.toFixed(2)} for models does not reach for ${what}. It begins anew ${renews}${until}.`,
  );
};
