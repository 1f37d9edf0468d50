import { randomFrom } from './documents.ts';
import type { Shot } from './load.ts';

/** A question of four words of the documents; the number makes it one that nobody has asked. */
export function question(words: readonly string[], n: number): string {
  const word = (at: number) => words[at % words.length] as string;
  return `what is said of ${word(n)} and ${word(n * 7 + 3)} near the ${word(n * 13 + 5)} in ${n}?`;
}

/** A user's own questions, asked again and again; with 100 users they fit into the cache of 1,000 results. */
const REPEATED = 2;

/**
 * What people do with the application: 70 % reads (documents, collections, own account, dashboard),
 * 20 % searches of which every second repeats one of a few, 10 % questions of which every second does.
 *
 * @param from no question from here on was asked in an earlier part with a smaller one.
 */
export function mixedShots(
  count: number,
  { users, words, from }: { users: number; words: readonly string[]; from: number },
): Shot[] {
  const random = randomFrom(from + 1);
  const reads = ['/api/v1/documents?limit=20', '/api/v1/collections', '/api/v1/me', '/api/v1/dashboard'];
  return Array.from({ length: count }, (_, i): Shot => {
    const roll = random();
    const user = Math.floor(random() * users);
    if (roll < 0.7)
      return {
        kind: 'read',
        user,
        method: 'GET',
        path: reads[Math.floor(random() ** 2 * reads.length)] as string,
      };
    const repeats = random() < 0.5;
    const query = question(words, repeats ? user * REPEATED + (i % REPEATED) : 1000 + from + i);
    return roll < 0.9
      ? {
          kind: repeats ? 'search again' : 'search',
          user,
          method: 'POST',
          path: '/api/v1/search',
          body: { query, limit: 10 },
        }
      : { kind: repeats ? 'ask again' : 'ask', user, method: 'POST', path: '/api/v1/query', body: { query } };
  });
}

/** Everything that `mixedShots` repeats, once, so that it is in the caches. */
export function repeatedShots(users: number, words: readonly string[]): Shot[] {
  return Array.from({ length: users }, (_, user) =>
    Array.from({ length: REPEATED }, (_, n): Shot[] => {
      const query = question(words, user * REPEATED + n);
      return [
        { kind: 'search', user, method: 'POST', path: '/api/v1/search', body: { query, limit: 10 } },
        { kind: 'ask', user, method: 'POST', path: '/api/v1/query', body: { query } },
      ];
    }),
  ).flat(2);
}
