import type { Migration } from './migration.ts';

/** Administrators list the few messages that were rated without a look at all others. */
export const ratedAnswers: Migration = {
  version: 2,
  name: 'rated answers',
  statements: () => ['create index messages_rated on messages (created_at, id) where rating is not null'],
};
