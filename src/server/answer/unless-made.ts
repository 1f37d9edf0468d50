import type { SharedWork } from '../ports/shared-work.ts';

export interface Making<Kept, Event> {
  readonly key: string;
  /** What another process left. */
  readonly look: () => Promise<Kept | undefined>;
  readonly asEvents: (kept: Kept) => Iterable<Event>;
  readonly make: () => AsyncIterable<Event>;
}

/**
 * A stream that one process makes at a time: the others wait until it has ended and pass on what it left. Where it left
 * nothing, the next one makes it.
 */
export async function* unlessMade<Kept, Event>(
  sharedWork: SharedWork | undefined,
  { key, look, asEvents, make }: Making<Kept, Event>,
  signal: AbortSignal,
): AsyncGenerator<Event> {
  if (sharedWork === undefined) return yield* make();
  const turn = Promise.withResolvers<Kept | undefined>();
  const ended = Promise.withResolvers<undefined>();
  const held = sharedWork
    .once<Kept | undefined>(
      key,
      look,
      () => {
        turn.resolve(undefined);
        return ended.promise;
      },
      signal,
    )
    .then(turn.resolve, turn.reject);
  try {
    const kept = await turn.promise;
    if (kept === undefined) yield* make();
    else yield* asEvents(kept);
  } finally {
    ended.resolve(undefined);
    await held;
  }
}
