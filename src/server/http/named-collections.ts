import type { Kysely } from 'kysely';
import type { Collection } from '../../contract/collections.ts';
import type { Database } from '../ports/schema.ts';
import { listCollections } from '../records/collections.ts';

/** A collection under a name that can be typed. */
export interface NamedCollection {
  readonly collection: Collection;
  /** Unique among those of one user: `library`, `travel-notes`, `library-1f3a9c2e`. */
  readonly slug: string;
}

/** Own ones and shared ones together; the API lets a user own 1,000. */
const MAX_NAMED = 2000;
/** Of the id, where names are equal: the random end of a UUIDv7. */
const TAIL_CHARS = 8;
/** For names without a letter or digit. */
const NAMELESS = 'collection';

/**
 * The caller's collections by slug. Of equal names the plain slug goes to an own collection before a shared one,
 * so that nobody takes a name over by sharing, and to the oldest of them.
 *
 * @param reserved slugs that name something else.
 */
export async function namedCollections(
  db: Kysely<Database>,
  userId: string,
  reserved: readonly string[] = [],
): Promise<NamedCollection[]> {
  const { items } = await listCollections(db, userId, { limit: MAX_NAMED });
  const taken = new Set(reserved);
  const own = items.filter(({ role }) => role === 'owner');
  const shared = items.filter(({ role }) => role !== 'owner');
  return [...own, ...shared].map((collection) => {
    const plain = slugOf(collection.name) || NAMELESS;
    const slug = taken.has(plain) ? `${plain}-${collection.id.slice(-TAIL_CHARS)}` : plain;
    taken.add(slug);
    return { collection, slug };
  });
}

/** The collection that `name` means: its id, slug or name as people see it. */
export function findNamed(
  collections: readonly NamedCollection[],
  name: string,
): NamedCollection | undefined {
  const slug = slugOf(name);
  return (
    collections.find(({ collection }) => collection.id === name) ??
    collections.find((named) => named.slug === name) ??
    collections.find((named) => named.slug === slug)
  );
}

const slugOf = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}]+/gu, '-')
    .replaceAll(/^-|-$/g, '');
