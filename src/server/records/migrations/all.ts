import { first } from './0001-first.ts';
import type { Migration } from './migration.ts';

/** In order; a release only ever appends. */
export const MIGRATIONS: readonly Migration[] = [first];
