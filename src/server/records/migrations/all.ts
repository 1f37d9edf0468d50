import { first } from './0001-first.ts';
import { ratedAnswers } from './0002-rated-answers.ts';
import { fallbackAndDailyBudget } from './0003-fallback-and-daily-budget.ts';
import { lastWrites } from './0004-last-writes.ts';
import { nextVectors } from './0005-next-vectors.ts';
import { degradedAnswers } from './0006-degraded-answers.ts';
import type { Migration } from './migration.ts';

/** In order; a release only ever appends. */
export const MIGRATIONS: readonly Migration[] = [
  first,
  ratedAnswers,
  fallbackAndDailyBudget,
  lastWrites,
  nextVectors,
  degradedAnswers,
];
