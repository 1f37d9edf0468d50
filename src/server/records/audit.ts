import type { Kysely } from 'kysely';
import type { z } from 'zod';
import type { ListPage } from '../../contract/common.ts';
import type { auditEntry } from '../../contract/system.ts';
import type { AuditRow, Database } from '../ports/schema.ts';
import { newId, now } from './ids.ts';
import { listPage } from './listing.ts';

/** What is written down: what touches accounts, credentials, rights and the removal of data. */
export type AuditAction =
  | 'user.registered'
  | 'user.signed-in'
  | 'user.sign-in-failed'
  | 'user.signed-out'
  | 'user.changed'
  | 'user.password-changed'
  | 'user.exported'
  | 'user.deleted'
  | 'session.reuse-detected'
  | 'api-key.created'
  | 'api-key.deleted'
  | 'collection.deleted'
  | 'document.deleted'
  | 'member.changed'
  | 'member.removed'
  | 'job.retried';

export interface AuditNote {
  readonly action: AuditAction;
  readonly actorId?: string | undefined;
  /** The id of what was acted on. */
  readonly target?: string | undefined;
  /** Few words; never a secret. */
  readonly detail?: string | undefined;
  readonly ip?: string | undefined;
}

export async function noteAudit(
  db: Kysely<Database>,
  { action, actorId, target, detail, ip }: AuditNote,
): Promise<void> {
  await db
    .insertInto('audit')
    .values({
      id: newId(),
      at: now(),
      actor_id: actorId ?? null,
      action,
      target: target ?? null,
      detail: detail ?? null,
      ip: ip ?? null,
    })
    .execute();
}

type AuditEntry = z.infer<typeof auditEntry>;

/** The latest first. */
export async function listAudit(
  db: Kysely<Database>,
  page: { limit: number; cursor?: string | undefined; actorId?: string | undefined },
): Promise<ListPage<AuditEntry>> {
  let entries = db.selectFrom('audit');
  if (page.actorId !== undefined) entries = entries.where('actor_id', '=', page.actorId);
  const show = (row: AuditRow): AuditEntry => ({
    id: row.id,
    at: row.at,
    actorId: row.actor_id,
    action: row.action,
    target: row.target,
    detail: row.detail,
    ip: row.ip,
  });
  return listPage(entries.selectAll(), {
    ...page,
    order: ['at', 'id'],
    descending: true,
    show,
  });
}

/** Anybody can cause failed sign-ins: they are kept for a month. What users did stays. */
const KEEP_FAILED_MS = 30 * 24 * 3600_000;

export async function pruneAudit(db: Kysely<Database>): Promise<void> {
  await db
    .deleteFrom('audit')
    .where('at', '<', new Date(Date.now() - KEEP_FAILED_MS).toISOString())
    .where('action', '=', 'user.sign-in-failed')
    .execute();
}
