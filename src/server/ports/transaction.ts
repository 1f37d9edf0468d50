import type { Kysely } from 'kysely';
import type { Database } from './schema.ts';

/**
 * The open transaction that a write belongs to. Drivers that keep their data in the records' database
 * write through it (or through the same connection); others queue their work behind its commit.
 */
export type Transaction = Kysely<Database>;
