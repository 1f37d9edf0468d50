import type { Migration } from './migration.ts';

/** Which kept answers were looked for by words alone. */
export const degradedAnswers: Migration = {
  version: 6,
  name: 'degraded answers',
  statements: () => ['alter table messages add column degraded text'],
};
