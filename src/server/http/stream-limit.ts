import { AppError } from '../errors.ts';

/** Tabs of one person, with room for scripts; each stream holds a connection. */
const MAX_STREAMS_PER_USER = 20;

/**
 * Bounds the streams that one user holds open.
 *
 * @returns takes a place and gives what leaves it again. It throws RATE_LIMITED when all are taken.
 */
export function createStreamLimit(): (userId: string) => () => void {
  const streams = new Map<string, number>();
  return (userId) => {
    const open = streams.get(userId) ?? 0;
    if (open >= MAX_STREAMS_PER_USER) {
      throw new AppError('RATE_LIMITED', `At most ${MAX_STREAMS_PER_USER} streams can be open at a time.`, {
        retryAfterSeconds: 5,
      });
    }
    streams.set(userId, open + 1);
    return () => {
      const left = (streams.get(userId) ?? 1) - 1;
      if (left > 0) streams.set(userId, left);
      else streams.delete(userId);
    };
  };
}
