import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';

export interface TableShape {
  readonly name: keyof Database;
  /** Names a row, in the order that an index gives. */
  readonly key: readonly string[];
  /** The key is a number that the database counts up and never gives twice. */
  readonly counted?: true;
  /** Columns of bytes. */
  readonly bytes?: readonly string[];
}

export type TableRow = Readonly<Record<string, unknown>>;

/** All of them, in an order in which no row names one that comes later. */
export const TABLES: readonly TableShape[] = [
  { name: 'users', key: ['id'] },
  { name: 'sessions', key: ['id'] },
  { name: 'refresh_tokens', key: ['hash'] },
  { name: 'api_keys', key: ['id'] },
  { name: 'collections', key: ['no'], counted: true },
  { name: 'collection_members', key: ['collection_id', 'user_id'] },
  { name: 'documents', key: ['no'], counted: true },
  { name: 'document_tags', key: ['document_id', 'tag'] },
  { name: 'revisions', key: ['document_id', 'revision'] },
  { name: 'pages', key: ['document_id', 'revision', 'page', 'start'] },
  { name: 'chunks', key: ['key'] },
  { name: 'vectors', key: ['key'], bytes: ['data'] },
  { name: 'vectors_next', key: ['key'], bytes: ['data'] },
  { name: 'vector_log', key: ['id'], counted: true },
  { name: 'postings', key: ['collection_no', 'block', 'term'], bytes: ['data'] },
  { name: 'posting_lengths', key: ['collection_no', 'block'], bytes: ['data'] },
  { name: 'posting_stats', key: ['collection_no'] },
  { name: 'tombstones', key: ['id'], counted: true },
  { name: 'tasks', key: ['id'] },
  { name: 'task_items', key: ['task_id', 'position'] },
  { name: 'jobs', key: ['id'] },
  { name: 'conversations', key: ['id'] },
  { name: 'messages', key: ['no'], counted: true },
  { name: 'message_citations', key: ['message_id', 'position'] },
  { name: 'usage', key: ['user_id', 'day', 'model', 'kind'] },
  { name: 'audit', key: ['id'] },
  { name: 'idempotency_keys', key: ['hash'] },
  { name: 'settings', key: ['name'] },
];

/** The next rows in the order of the key, behind `after`; fewer than `limit` are the last. */
export async function nextRows(
  db: Kysely<Database>,
  { name, key }: TableShape,
  {
    after,
    limit,
    where,
  }: { after: TableRow | undefined; limit: number; where?: RawBuilder<unknown> | undefined },
): Promise<TableRow[]> {
  const columns = sql.join(key.map((column) => sql.ref(column)));
  const conditions = [
    ...(after === undefined ? [] : [sql`(${columns}) > (${sql.join(key.map((column) => after[column]))})`]),
    ...(where === undefined ? [] : [where]),
  ];
  const filter = conditions.length === 0 ? sql`` : sql`where ${sql.join(conditions, sql` and `)}`;
  const { rows } = await sql<TableRow>`
    select * from ${sql.table(name)} ${filter} order by ${columns} limit ${sql.lit(limit)}`.execute(db);
  return rows;
}
