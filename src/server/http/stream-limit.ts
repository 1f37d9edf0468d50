import { AppError } from '../errors.ts';

/** Tabs of one person, with room for scripts; each stream holds a connection. */
const MAX_STREAMS_PER_USER = 20;

/** Bounds the streams that one user holds open. */
export interface StreamLimit {
  /** @returns gives the place back; more than once does nothing. @throws AppError RATE_LIMITED when all are taken. */
  enter(userId: string): () => void;
}

/** @param what is followed, in the plural. */
export function createStreamLimit(what: string): StreamLimit {
  const streams = new Map<string, number>();
  return {
    enter(userId) {
      const open = streams.get(userId) ?? 0;
      if (open >= MAX_STREAMS_PER_USER)
        throw new AppError('RATE_LIMITED', `At most ${MAX_STREAMS_PER_USER} ${what} can be followed at a time.`, {
          retryAfterSeconds: 5,
        });
      streams.set(userId, open + 1);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        const others = (streams.get(userId) ?? 1) - 1;
        if (others > 0) streams.set(userId, others);
        else streams.delete(userId);
      };
    },
  };
}
