import { type Kysely, type Selectable, sql } from 'kysely';
import type { z } from 'zod';
import type { profile, User } from '../../contract/auth.ts';
import type { ListPage } from '../../contract/common.ts';
import type { adminUser, patchUserBody } from '../../contract/system.ts';
import { AppError } from '../errors.ts';
import type { Database, UserRow } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { createCollection } from './collections.ts';
import { newId, now } from './ids.ts';
import { listPage } from './listing.ts';

type Db = Kysely<Database>;
type StoredUser = Selectable<UserRow>;

export const toUser = (row: Pick<UserRow, 'id' | 'email' | 'name' | 'role' | 'created_at'>): User => ({
  id: row.id,
  email: row.email,
  name: row.name,
  role: row.role,
  createdAt: row.created_at,
});

export const findUser = (db: Db, id: string): Promise<StoredUser | undefined> =>
  db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst();

export const findUserByEmail = (db: Db, email: string): Promise<StoredUser | undefined> =>
  db.selectFrom('users').selectAll().where('email', '=', email).executeTakeFirst();

/** Whether anybody is registered: the first one becomes the administrator and may always register. */
export async function hasUsers(db: Db): Promise<boolean> {
  return (await db.selectFrom('users').select('id').limit(1).executeTakeFirst()) !== undefined;
}

export async function hasOtherUsers(db: Db, id: string): Promise<boolean> {
  return (
    (await db.selectFrom('users').select('id').where('id', '!=', id).limit(1).executeTakeFirst()) !==
    undefined
  );
}

/**
 * A new account with its first collection. The only account of an installation is its administrator; of two
 * that register at once, the transaction lets one be first.
 *
 * @param mayRegister whether others than the first may.
 * @throws AppError EMAIL_TAKEN, REGISTRATION_DISABLED.
 */
export async function createUser(
  tx: Transaction,
  {
    email,
    name,
    passwordHash,
    mayRegister,
  }: { email: string; name: string; passwordHash: string; mayRegister: boolean },
): Promise<StoredUser> {
  const isFirst = !(await hasUsers(tx));
  if (!isFirst && !mayRegister)
    throw new AppError('REGISTRATION_DISABLED', 'Ask an administrator for an account.');
  if ((await findUserByEmail(tx, email)) !== undefined)
    throw new AppError('EMAIL_TAKEN', 'An account with this email exists: sign in.');
  const at = now();
  const row: StoredUser = {
    id: newId(),
    email,
    name,
    role: isFirst ? 'admin' : 'user',
    password_hash: passwordHash,
    suspended: 0,
    quota_mb: null,
    monthly_budget_usd: null,
    daily_budget_usd: null,
    created_at: at,
    updated_at: at,
  };
  await tx.insertInto('users').values(row).execute();
  await createCollection(tx, row.id);
  return row;
}

/** @throws AppError NOT_FOUND */
export async function readProfile(db: Db, id: string): Promise<z.infer<typeof profile>> {
  const row = await db
    .selectFrom('users as u')
    .selectAll('u')
    .select((e) =>
      e
        .selectFrom('documents')
        .whereRef('owner_id', '=', 'u.id')
        .select(sql<number>`coalesce(sum(size_bytes), 0)`.as('bytes'))
        .as('used_bytes'),
    )
    .where('u.id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new AppError('NOT_FOUND', 'There is no such user.');
  return {
    ...toUser(row),
    quotaMb: row.quota_mb,
    usedBytes: row.used_bytes ?? 0,
    monthlyBudgetUsd: row.monthly_budget_usd,
  };
}

export async function changeUser(
  db: Db,
  id: string,
  changes: { name?: string | undefined; passwordHash?: string | undefined },
): Promise<void> {
  await db
    .updateTable('users')
    .set({
      ...(changes.name === undefined ? {} : { name: changes.name }),
      ...(changes.passwordHash === undefined ? {} : { password_hash: changes.passwordHash }),
      updated_at: now(),
    })
    .where('id', '=', id)
    .execute();
}

export type AdminUser = z.infer<typeof adminUser>;

const withStorage = (db: Db) =>
  db
    .selectFrom('users as u')
    .selectAll('u')
    .select((e) => [
      e
        .selectFrom('documents')
        .whereRef('owner_id', '=', 'u.id')
        .select(sql<number>`coalesce(sum(size_bytes), 0)`.as('bytes'))
        .as('used_bytes'),
      e
        .selectFrom('documents')
        .whereRef('owner_id', '=', 'u.id')
        .select((d) => d.fn.countAll<number>().as('count'))
        .as('document_count'),
    ]);

const toAdminUser = (
  row: StoredUser & { used_bytes: number | null; document_count: number | null },
): AdminUser => ({
  ...toUser(row),
  suspended: row.suspended === 1,
  quotaMb: row.quota_mb,
  monthlyBudgetUsd: row.monthly_budget_usd,
  dailyBudgetUsd: row.daily_budget_usd,
  usedBytes: row.used_bytes ?? 0,
  documentCount: row.document_count ?? 0,
});

/** All accounts, the oldest first. */
export async function listUsers(
  db: Db,
  page: { limit: number; cursor?: string | undefined },
): Promise<ListPage<AdminUser>> {
  return listPage(withStorage(db), {
    ...page,
    table: 'u',
    order: ['created_at', 'id'],
    descending: false,
    show: toAdminUser,
  });
}

/**
 * What an administrator may change of an account.
 *
 * @throws AppError NOT_FOUND; CONFLICT when no administrator would be left who can sign in.
 */
export async function patchUser(
  tx: Transaction,
  id: string,
  changes: z.infer<typeof patchUserBody>,
): Promise<AdminUser> {
  const before = await findUser(tx, id);
  if (before === undefined) throw new AppError('NOT_FOUND', 'There is no such user.');
  if (changes.role === 'user' || changes.suspended === true) await refuseLastAdmin(tx, before);
  await tx
    .updateTable('users')
    .set({
      ...(changes.role === undefined ? {} : { role: changes.role }),
      ...(changes.suspended === undefined ? {} : { suspended: changes.suspended ? 1 : 0 }),
      ...(changes.quotaMb === undefined ? {} : { quota_mb: changes.quotaMb }),
      ...(changes.monthlyBudgetUsd === undefined ? {} : { monthly_budget_usd: changes.monthlyBudgetUsd }),
      ...(changes.dailyBudgetUsd === undefined ? {} : { daily_budget_usd: changes.dailyBudgetUsd }),
      updated_at: now(),
    })
    .where('id', '=', id)
    .execute();
  return toAdminUser(await withStorage(tx).where('u.id', '=', id).executeTakeFirstOrThrow());
}

/** @throws AppError CONFLICT when the user is the last administrator who can sign in. */
export async function refuseLastAdmin(
  db: Db,
  user: Pick<UserRow, 'id' | 'role' | 'suspended'>,
): Promise<void> {
  if (user.role !== 'admin' || user.suspended === 1) return;
  const other = await db
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('suspended', '=', 0)
    .where('id', '!=', user.id)
    .limit(1)
    .executeTakeFirst();
  if (other === undefined)
    throw new AppError('CONFLICT', 'This is the last administrator: make somebody else one first.');
}
