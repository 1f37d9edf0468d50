import type { Kysely, Selectable } from 'kysely';
import { AppError } from '../errors.ts';
import type { CollectionRow, Database } from '../ports/schema.ts';
import type { Caller } from './auth.ts';

export type CollectionRole = 'viewer' | 'editor' | 'owner';
const RANK: Readonly<Record<CollectionRole, number>> = { viewer: 0, editor: 1, owner: 2 };

/**
 * The collection, when the caller may do with it what `need` says.
 *
 * @throws AppError NOT_FOUND when the caller may not even see it, FORBIDDEN when they may see it but not do that.
 */
export async function needCollection(
  db: Kysely<Database>,
  caller: Pick<Caller, 'userId'>,
  id: string,
  need: CollectionRole,
): Promise<Selectable<CollectionRow> & { role: CollectionRole }> {
  const found = await db
    .selectFrom('collections as c')
    .leftJoin('collection_members as m', (join) =>
      join.onRef('m.collection_id', '=', 'c.id').on('m.user_id', '=', caller.userId),
    )
    .selectAll('c')
    .select('m.role as member_role')
    .where('c.id', '=', id)
    .where((e) => e.or([e('c.owner_id', '=', caller.userId), e('m.user_id', 'is not', null)]))
    .executeTakeFirst();
  if (found === undefined) throw new AppError('NOT_FOUND', 'There is no such collection.');
  const { member_role, ...row } = found;
  const role = row.owner_id === caller.userId ? 'owner' : (member_role ?? 'viewer');
  if (RANK[role] < RANK[need])
    throw new AppError(
      'FORBIDDEN',
      need === 'owner'
        ? 'Only the owner of the collection may do this.'
        : 'You may read this collection, but not change it.',
    );
  return { ...row, role };
}
