import type { Migration } from './migration.ts';

/** Why an answer was extracted though a model was asked, and a daily budget of one's own. */
export const fallbackAndDailyBudget: Migration = {
  version: 3,
  name: 'fallback and daily budget',
  statements: () => [
    'alter table messages add column fallback text',
    'alter table users add column daily_budget_usd double precision',
  ],
};
