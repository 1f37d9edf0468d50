import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Insertable, type Kysely, sql } from 'kysely';
import { inject } from 'vitest';
import type {
  ChunkRow,
  CollectionRow,
  Database,
  DocumentRow,
  RevisionRow,
} from '../../src/server/ports/schema.ts';
import { openPostgres } from '../../src/server/records/postgres.ts';
import { openSqlite, prepareSqlite } from '../../src/server/records/sqlite.ts';
import { postgresScansOf, type Scan, scansOf, watchPostgres } from './query-plans.ts';

/** Every test of the records runs on both. */
export const DIALECTS = ['sqlite', 'postgres'] as const;
export type DialectName = (typeof DIALECTS)[number];

export interface TestStore {
  readonly dialect: DialectName;
  readonly db: Kysely<Database>;
  /** Notes which statements run from now on; `scans` tells which of them read a whole table. */
  watch(): { readonly statements: ReadonlySet<string>; scans(): Promise<Scan[]> };
  /** Ends it and removes its database. */
  close(): Promise<void>;
}

/** Migrated and empty. */
export async function newStore(dialect: DialectName): Promise<TestStore> {
  if (dialect === 'postgres') {
    const url = await newPostgresDatabase();
    const { db, close } = openPostgres(url);
    const watch = () => {
      const { statements, stop } = watchPostgres();
      return {
        statements,
        async scans() {
          stop();
          return postgresScansOf(url, statements);
        },
      };
    };
    return { dialect, db, watch, close };
  }
  const folder = mkdtempSync(join(tmpdir(), 'ka-store-'));
  prepareSqlite(join(folder, 'knowledge.db'));
  const { db, raw, close } = openSqlite(join(folder, 'knowledge.db'));
  return {
    dialect,
    db,
    watch() {
      const statements = new Set<string>();
      const prepare = raw.prepare.bind(raw);
      raw.prepare = ((source: string) => {
        statements.add(source);
        return prepare(source);
      }) as typeof raw.prepare;
      return {
        statements,
        async scans() {
          raw.prepare = prepare;
          return scansOf(raw, statements);
        },
      };
    },
    async close() {
      await close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The address of a database of the caller's own. */
export async function newPostgresDatabase({ empty = false } = {}): Promise<string> {
  const answer = await fetch(`${inject('postgresDoor')}/${empty ? 'empty' : ''}`);
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

/** Runs a statement whose result is of no interest. */
export const run = (store: TestStore, statement: string): Promise<unknown> =>
  sql.raw(statement).execute(store.db);

export const addUser = (store: TestStore, id: string): Promise<unknown> =>
  store.db
    .insertInto('users')
    .values({
      id,
      email: `${id}@x.test`,
      name: '',
      role: 'user',
      password_hash: '',
      suspended: 0,
      quota_mb: null,
      monthly_budget_usd: null,
      daily_budget_usd: null,
      created_at: '',
      updated_at: '',
    })
    .execute();

export const addCollection = (
  store: TestStore,
  id: string,
  owner: string,
  fields: Partial<Insertable<CollectionRow>> = {},
): Promise<unknown> =>
  store.db
    .insertInto('collections')
    .values({
      id,
      owner_id: owner,
      name: id,
      generation: 0,
      next_ordinal: 0,
      document_count: 0,
      created_at: '',
      updated_at: '',
      ...fields,
    })
    .execute();

export const addMember = (
  store: TestStore,
  collectionId: string,
  userId: string,
  role: 'viewer' | 'editor',
): Promise<unknown> =>
  store.db
    .insertInto('collection_members')
    .values({ collection_id: collectionId, user_id: userId, role, created_at: '' })
    .execute();

export const addRevision = (
  store: TestStore,
  fields: Pick<Insertable<RevisionRow>, 'document_id' | 'revision'>,
): Promise<unknown> =>
  store.db
    .insertInto('revisions')
    .values({
      collection_no: 1,
      first_ordinal: 0,
      chunk_count: 0,
      title: 'Title',
      language: 'en',
      dropped: 0,
      ...fields,
    })
    .execute();

type NewDocument = Partial<Insertable<DocumentRow>> & { id: string; collection_id: string };

/** With its tags, and counted. */
export async function addDocument(store: TestStore, fields: NewDocument): Promise<void> {
  await addDocuments(store, [fields]);
}

export async function addDocuments(store: TestStore, all: readonly NewDocument[]): Promise<void> {
  const rows = all.map(
    (fields): Insertable<DocumentRow> => ({
      owner_id: 'ann',
      title: '',
      title_key: '',
      filename: '',
      mime_type: 'text/plain',
      size_bytes: 1,
      sha256: fields.id,
      storage_key: fields.id,
      source_url: null,
      status: 'ready',
      error_code: null,
      error_detail: null,
      tags: '[]',
      language: null,
      page_count: 1,
      token_count: 1,
      revision: 1,
      first_ordinal: 0,
      chunk_count: 0,
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-01T00:00:00.000Z',
      ready_at: null,
      ...fields,
    }),
  );
  await store.db.insertInto('documents').values(rows).execute();
  for (const { id, collection_id, tags } of rows)
    for (const tag of JSON.parse(tags) as string[])
      await store.db.insertInto('document_tags').values({ document_id: id, collection_id, tag }).execute();
  for (const [id, inIt] of Map.groupBy(rows, (row) => row.collection_id))
    await store.db
      .updateTable('collections')
      .set((the) => ({ document_count: the('document_count', '+', inIt.length) }))
      .where('id', '=', id)
      .execute();
}

export const addChunk = (
  store: TestStore,
  fields: Pick<Insertable<ChunkRow>, 'key' | 'document_id' | 'revision' | 'seq' | 'text'> &
    Partial<Insertable<ChunkRow>>,
): Promise<unknown> =>
  store.db
    .insertInto('chunks')
    .values({
      page: 1,
      start: 0,
      end: 4,
      heading_path: '["Part"]',
      token_count: 1,
      text_hash: '',
      ...fields,
    })
    .execute();
