import type { Migration } from './migration.ts';

/** Vectors of another model, made while those of the present one serve; the two tables change names when all are there. */
export const nextVectors: Migration = {
  version: 5,
  name: 'next vectors',
  statements: ({ bigKey, blob, postgresOnly }) => [
    `create table vectors_next (key ${bigKey}, data ${blob} not null)`,
    ...postgresOnly('alter table vectors_next alter column data set storage external'),
  ],
};
