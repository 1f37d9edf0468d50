import { createHash, randomBytes } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { z } from 'zod';
import type { apiKey, Scope } from '../../contract/auth.ts';
import type { ListPage } from '../../contract/common.ts';
import { AppError } from '../errors.ts';
import type { ApiKeyRow, Database, UserRow } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { compiledLookUp } from './compiled.ts';
import { newId, now } from './ids.ts';
import { listPage } from './listing.ts';

export const API_KEY_PREFIX = 'ka_';
const TOUCH_MS = 60_000;
const MAX_KEYS_PER_USER = 100;

export type ApiKey = z.infer<typeof apiKey>;

export interface KeyHolder {
  readonly userId: string;
  readonly role: UserRow['role'];
  readonly suspended: boolean;
  readonly scopes: Scope[];
}

const keyAndUser = compiledLookUp((db, hash) =>
  db
    .selectFrom('api_keys as k')
    .innerJoin('users as u', 'u.id', 'k.user_id')
    .select(['k.id', 'k.scopes', 'k.last_used_at', 'u.id as user_id', 'u.role', 'u.suspended'])
    .where('k.hash', '=', hash),
);

/** Who a key speaks for, in one statement; its `last_used_at` is written at most once a minute, unawaited. */
export async function readKeyHolder(db: Kysely<Database>, key: string): Promise<KeyHolder | undefined> {
  const row = await keyAndUser(db, hashOf(key));
  if (row === undefined) return undefined;
  if (row.last_used_at === null || Date.now() - Date.parse(row.last_used_at) > TOUCH_MS) {
    // a lost mark of use is no reason to fail the request
    db.updateTable('api_keys')
      .set({ last_used_at: now() })
      .where('id', '=', row.id)
      .execute()
      .catch(() => {});
  }
  return { userId: row.user_id, role: row.role, suspended: row.suspended === 1, scopes: scopesOf(row) };
}

/** @returns the key itself beside its row: it is shown this once. @throws AppError CONFLICT when the user has too many. */
export async function createApiKey(
  tx: Transaction,
  userId: string,
  { name, scopes }: { name: string; scopes: readonly Scope[] },
): Promise<ApiKey & { key: string }> {
  const { count } = await tx
    .selectFrom('api_keys')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  if (count >= MAX_KEYS_PER_USER)
    throw new AppError('CONFLICT', `There are ${MAX_KEYS_PER_USER} keys already: delete some first.`);
  const key = `${API_KEY_PREFIX}${randomBytes(32).toString('base64url')}`;
  const row: ApiKeyRow = {
    id: newId(),
    user_id: userId,
    name,
    prefix: key.slice(0, 10),
    hash: hashOf(key),
    scopes: JSON.stringify([...new Set(scopes)].sort()),
    created_at: now(),
    last_used_at: null,
  };
  await tx.insertInto('api_keys').values(row).execute();
  return { ...toApiKey(row), key };
}

export async function listApiKeys(
  db: Kysely<Database>,
  userId: string,
  page: { limit: number; cursor?: string | undefined },
): Promise<ListPage<ApiKey>> {
  const own = db.selectFrom('api_keys').where('user_id', '=', userId);
  return listPage(own.selectAll(), {
    ...page,
    order: ['created_at', 'id'],
    descending: true,
    show: toApiKey,
  });
}

/** @returns whether there was one. */
export async function deleteApiKey(db: Kysely<Database>, userId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('api_keys')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex');
const scopesOf = ({ scopes }: Pick<ApiKeyRow, 'scopes'>): Scope[] => JSON.parse(scopes) as Scope[];
const toApiKey = (row: ApiKeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  scopes: scopesOf(row),
  createdAt: row.created_at,
  lastUsedAt: row.last_used_at,
});
