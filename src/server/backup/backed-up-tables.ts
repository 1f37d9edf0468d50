import type { Database } from '../ports/schema.ts';
import { TABLES, type TableShape } from '../records/tables.ts';

/**
 * A backup leaves out sign-ins (a restored one might have been ended since), answers kept for repeated requests, the log
 * that copies of vectors in memory and on other servers are kept up by, and vectors of another model that nobody
 * searches yet: they begin anew.
 */
export const LEFT_OUT: readonly (keyof Database)[] = [
  'sessions',
  'refresh_tokens',
  'idempotency_keys',
  'vector_log',
  'vectors_next',
];

/** What a backup holds, in an order in which no row names one that comes later. */
export const BACKED_UP: readonly TableShape[] = TABLES.filter(({ name }) => !LEFT_OUT.includes(name));

const ROWS = 500;
const FEWER_ROWS: Partial<Record<keyof Database, number>> = {
  pages: 32,
  posting_lengths: 100,
  messages: 100,
};

/** Rows of one statement: long ones are few. */
export const rowsAtOnce = (name: keyof Database): number => FEWER_ROWS[name] ?? ROWS;

/**
 * Settings of the running installation, not of its contents. A restored one gets a name of its own: the two may run
 * side by side and share a Redis or a Qdrant.
 */
export const isOwnSetting = (name: string): boolean =>
  ['installation', 'vector-sync', 'vectors-swept-at', 'next-vector-space'].includes(name) ||
  name.startsWith('files-held:');
