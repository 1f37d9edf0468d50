import { AppError } from '../errors.ts';

/**
 * Runs at most `running` pieces of work at a time; up to `waiting` more stand in line.
 *
 * @throws AppError OVERLOADED when the line is full.
 */
export function createConcurrencyLimit(
  running: number,
  waiting: number,
): <T>(work: () => Promise<T>) => Promise<T> {
  let free = running;
  const line: (() => void)[] = [];
  return async (work) => {
    if (free > 0) free--;
    else {
      if (line.length >= waiting)
        throw new AppError('OVERLOADED', 'Too many sign-ins at once: try again in a moment.', {
          retryAfterSeconds: 2,
        });
      await new Promise<void>((resolve) => line.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
