import { type RawBuilder, sql } from 'kysely';

/**
 * Name of the setting that says which embedder made the vectors that are searched, by its fingerprint. One holds for the whole installation, and whoever
 * reads or writes vectors sees in the same transaction that it is still theirs: vectors of two models never meet.
 */
export const VECTOR_SPACE = 'vector-space';

/** As a condition of a statement: whether the space is still this one. */
export const isVectorSpace = (fingerprint: string): RawBuilder<boolean> =>
  sql<boolean>`not exists (select 1 from settings where name = ${VECTOR_SPACE} and value <> ${fingerprint})`;
