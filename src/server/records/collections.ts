import type { Kysely, Selectable } from 'kysely';
import { sql } from 'kysely';
import type { z } from 'zod';
import type { Collection, member } from '../../contract/collections.ts';
import type { ListPage } from '../../contract/common.ts';
import { AppError } from '../errors.ts';
import type { CollectionRow, Database } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { newId, now } from './ids.ts';
import { decodeCursor, encodeCursor } from './listing.ts';

export type Member = z.infer<typeof member>;
/** What a new user begins with, and where uploads go that name no collection. */
const FIRST_NAME = 'Library';
const MAX_COLLECTIONS_PER_USER = 1000;
const MAX_MEMBERS = 1000;

export const toCollection = (row: Selectable<CollectionRow>, role: Collection['role']): Collection => ({
  id: row.id,
  name: row.name,
  role,
  documentCount: row.document_count,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** @throws AppError CONFLICT when the user has too many. */
export async function createCollection(
  tx: Transaction,
  userId: string,
  name: string = FIRST_NAME,
): Promise<Selectable<CollectionRow>> {
  const { count } = await tx
    .selectFrom('collections')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('owner_id', '=', userId)
    .executeTakeFirstOrThrow();
  if (count >= MAX_COLLECTIONS_PER_USER)
    throw new AppError('CONFLICT', `There are ${MAX_COLLECTIONS_PER_USER} collections already.`);
  const at = now();
  return tx
    .insertInto('collections')
    .values({
      id: newId(),
      owner_id: userId,
      name,
      generation: 0,
      next_ordinal: 0,
      document_count: 0,
      created_at: at,
      updated_at: at,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Where uploads go that name no collection: the user's oldest own one, made anew when there is none. */
export async function homeCollection(
  db: Kysely<Database>,
  userId: string,
): Promise<Selectable<CollectionRow>> {
  const oldest = (from: Kysely<Database>) =>
    from
      .selectFrom('collections')
      .selectAll()
      .where('owner_id', '=', userId)
      .orderBy('created_at')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
  return (
    (await oldest(db)) ??
    db.transaction().execute(async (tx) => (await oldest(tx)) ?? createCollection(tx, userId))
  );
}

/** Own collections and those shared with the user, oldest first. @throws AppError INVALID_CURSOR */
export async function listCollections(
  db: Kysely<Database>,
  userId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<ListPage<Collection>> {
  const after = cursor === undefined ? undefined : decodeCursor(cursor, 2);
  const beyond = after === undefined ? sql`` : sql`and (c.created_at, c.id) > (${after[0]}, ${after[1]})`;
  const own = sql`select c.*, 'owner' as role from collections c where c.owner_id = ${userId}`;
  const shared = sql`select c.*, m.role from collection_members m join collections c on c.id = m.collection_id where m.user_id = ${userId}`;
  const { rows } = await sql<Selectable<CollectionRow> & { role: Collection['role'] }>`
    ${own} ${beyond} union all ${shared} ${beyond} order by created_at, id limit ${limit + 1}`.execute(db);
  const counted = await sql<{ total: number }>`
    select (select count(*) from collections where owner_id = ${userId})
      + (select count(*) from collection_members where user_id = ${userId}) as total`.execute(db);
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map((row) => toCollection(row, row.role)),
    nextCursor: last === undefined ? null : encodeCursor([last.created_at, last.id]),
    total: counted.rows[0]?.total ?? 0,
  };
}

export async function renameCollection(
  db: Kysely<Database>,
  id: string,
  name: string,
): Promise<Selectable<CollectionRow> | undefined> {
  return db
    .updateTable('collections')
    .set({ name, updated_at: now() })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

/** The owner first, then members in order of joining. At most `MAX_MEMBERS` + 1. */
export async function listMembers(
  db: Kysely<Database>,
  collection: Selectable<CollectionRow>,
): Promise<Member[]> {
  const owner = await db
    .selectFrom('users')
    .select(['id', 'email', 'name'])
    .where('id', '=', collection.owner_id)
    .executeTakeFirstOrThrow();
  const others = await db
    .selectFrom('collection_members as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .select(['u.id', 'u.email', 'u.name', 'm.role', 'm.created_at'])
    .where('m.collection_id', '=', collection.id)
    .execute();
  others.sort((a, b) => (a.created_at + a.id < b.created_at + b.id ? -1 : 1));
  return [
    { userId: owner.id, email: owner.email, name: owner.name, role: 'owner' },
    ...others.map(({ id, email, name, role }) => ({ userId: id, email, name, role })),
  ];
}

/**
 * Shares the collection with the holder of an e-mail address, or changes their role.
 *
 * @throws AppError NOT_FOUND when nobody has that address, CONFLICT when it is the owner's or the collection is full.
 */
export async function putMember(
  tx: Transaction,
  collection: Pick<CollectionRow, 'id' | 'owner_id'>,
  { email, role }: { email: string; role: 'viewer' | 'editor' },
): Promise<Member> {
  const user = await tx
    .selectFrom('users')
    .select(['id', 'email', 'name'])
    .where('email', '=', email)
    .executeTakeFirst();
  if (user === undefined) throw new AppError('NOT_FOUND', 'Nobody is registered with this email.');
  if (user.id === collection.owner_id)
    throw new AppError('CONFLICT', 'This is the owner, who may do everything already.');
  const { count } = await tx
    .selectFrom('collection_members')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('collection_id', '=', collection.id)
    .where('user_id', '!=', user.id)
    .executeTakeFirstOrThrow();
  if (count >= MAX_MEMBERS)
    throw new AppError('CONFLICT', `A collection has at most ${MAX_MEMBERS} members.`);
  await tx
    .insertInto('collection_members')
    .values({ collection_id: collection.id, user_id: user.id, role, created_at: now() })
    .onConflict((conflict) => conflict.columns(['collection_id', 'user_id']).doUpdateSet({ role }))
    .execute();
  return { userId: user.id, email: user.email, name: user.name, role };
}

/** @returns whether they were one. */
export async function removeMember(
  db: Kysely<Database>,
  collectionId: string,
  userId: string,
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('collection_members')
    .where('collection_id', '=', collectionId)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}
