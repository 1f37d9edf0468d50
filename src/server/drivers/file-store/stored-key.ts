import { v7 } from 'uuid';
import { AppError } from '../../errors.ts';

const KEY = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-([0-9a-f]{12})$/;

/** A stored or half-written file younger than this may belong to a request that still runs. */
export const SWEEP_AGE_MS = 3_600_000;

export const newKey = (): string => v7();

export const isKey = (name: string): boolean => KEY.test(name);

/**
 * The last twelve digits of a key, all of them random.
 * @throws AppError FILE_MISSING for what no store has made: it must not become part of a path.
 */
export function randomDigits(key: string): string {
  const digits = KEY.exec(key)?.[1];
  if (digits === undefined) throw new AppError('FILE_MISSING', 'The stored file has no valid key.');
  return digits;
}
