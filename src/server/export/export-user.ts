import type { Kysely, Selectable } from 'kysely';
import { AppError } from '../errors.ts';
import type { FileStore } from '../ports/file-store.ts';
import type { Database, DocumentRow } from '../ports/schema.ts';
import { listApiKeys } from '../records/api-keys.ts';
import { listAudit } from '../records/audit.ts';
import { listCollections } from '../records/collections.ts';
import { conversationMarkdown, listConversations, listMessages } from '../records/conversations.ts';
import { readPage } from '../records/pages.ts';
import { readProfile } from '../records/users.ts';
import type { ZipEntry } from './zip-stream.ts';

export interface ExportPorts {
  readonly db: Kysely<Database>;
  readonly files: FileStore;
}

const PAGE = 200;

/**
 * All that is one user's own: who they are, what they uploaded (original and text) as far as they still see it, their
 * collections, conversations, keys by name, usage, and what the audit log says that they did.
 *
 * @throws AppError NOT_FOUND when there is no such account.
 */
export async function* exportUser(ports: ExportPorts, userId: string): AsyncGenerator<ZipEntry> {
  const { db } = ports;
  const time = new Date();
  const json = (name: string, value: unknown): ZipEntry => ({
    name,
    time,
    content: [`${JSON.stringify(value, undefined, 2)}\n`],
  });
  const list = (name: string, items: AsyncIterable<unknown>): ZipEntry => ({
    name,
    time,
    content: jsonList(items),
  });
  yield json('profile.json', await readProfile(db, userId));
  yield list(
    'collections.json',
    pages((cursor) => listCollections(db, userId, { limit: PAGE, cursor })),
  );
  yield list('documents.json', described(documentsOf(db, userId)));
  for await (const document of documentsOf(db, userId)) yield* documentFiles(ports, document);
  for await (const { id, title, updatedAt } of pages((cursor) =>
    listConversations(db, userId, { limit: PAGE, cursor }),
  )) {
    const name = `conversations/${id}`;
    const changed = new Date(updatedAt);
    yield {
      name: `${name}.json`,
      time: changed,
      content: jsonList(
        pages((cursor) => listMessages(db, userId, id, { limit: PAGE, cursor })),
        { id, title },
      ),
    };
    yield { name: `${name}.md`, time: changed, content: conversationMarkdown(db, userId, id) };
  }
  yield list(
    'api-keys.json',
    pages((cursor) => listApiKeys(db, userId, { limit: PAGE, cursor })),
  );
  yield json('usage.json', await usageOf(db, userId));
  yield list(
    'audit.json',
    pages((cursor) => listAudit(db, { limit: PAGE, cursor, actorId: userId })),
  );
}

interface Listed<T> {
  readonly items: readonly T[];
  readonly nextCursor: string | null;
}

async function* pages<T>(read: (cursor: string | undefined) => Promise<Listed<T>>): AsyncGenerator<T> {
  for (let cursor: string | undefined; ; ) {
    const { items, nextCursor } = await read(cursor);
    yield* items;
    if (nextCursor === null) return;
    cursor = nextCursor;
  }
}

/** An array, or where there is a `head` that with the array as `items`. */
async function* jsonList(items: AsyncIterable<unknown>, head?: object): AsyncGenerator<string> {
  yield head === undefined ? '[' : `${JSON.stringify(head).slice(0, -1)},"items":[`;
  let between = '\n';
  for await (const item of items) {
    yield `${between}${JSON.stringify(item)}`;
    between = ',\n';
  }
  yield head === undefined ? '\n]\n' : '\n]}\n';
}

type Uploaded = Selectable<DocumentRow>;

/** What they uploaded into collections that are theirs or shared with them now. */
async function* documentsOf(db: Kysely<Database>, userId: string): AsyncGenerator<Uploaded> {
  for (let after = ''; ; ) {
    const rows = await db
      .selectFrom('documents as d')
      .innerJoin('collections as c', 'c.id', 'd.collection_id')
      .leftJoin('collection_members as m', (join) =>
        join.onRef('m.collection_id', '=', 'c.id').on('m.user_id', '=', userId),
      )
      .selectAll('d')
      .where('d.owner_id', '=', userId)
      .where(({ or, eb }) => or([eb('c.owner_id', '=', userId), eb('m.user_id', 'is not', null)]))
      .where('d.id', '>', after)
      .orderBy('d.id')
      .limit(PAGE)
      .execute();
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

async function* described(documents: AsyncIterable<Uploaded>): AsyncGenerator<object> {
  for await (const row of documents)
    yield {
      id: row.id,
      collectionId: row.collection_id,
      title: row.title,
      filename: row.filename,
      mimeType: row.mime_type,
      sizeBytes: Number(row.size_bytes),
      sha256: row.sha256,
      sourceUrl: row.source_url,
      status: row.status,
      tags: JSON.parse(row.tags) as string[],
      language: row.language,
      pages: row.page_count,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
      original: originalName(row),
    };
}

const originalName = ({ id, filename }: Uploaded): string => `documents/${id}/${safeName(filename)}`;

/** As every file system takes it. */
const safeName = (name: string): string =>
  name
    .replaceAll(/[\\/:*?"<>|\p{Cc}]/gu, '_')
    .replace(/^\.+|[. ]+$/g, '_')
    .slice(-120)
    .toWellFormed();

async function* documentFiles({ db, files }: ExportPorts, row: Uploaded): AsyncGenerator<ZipEntry> {
  const time = new Date(row.created_at);
  // one that is lost, or deleted meanwhile, does not keep back the rest
  const original = await files.read(row.storage_key).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'FILE_MISSING') return undefined;
    throw error;
  });
  if (original !== undefined) yield { name: originalName(row), time, content: original };
  if (row.chunk_count > 0)
    yield { name: `documents/${row.id}/extracted-text/pages.txt`, time, content: textOf(db, row) };
}

/** Pages end with a form feed. */
async function* textOf(db: Kysely<Database>, { id, revision, page_count }: Uploaded): AsyncGenerator<string> {
  for (let page = 1; page <= page_count; page++) yield `${(await readPage(db, id, revision, page)) ?? ''}\f`;
}

const usageOf = (db: Kysely<Database>, userId: string) =>
  db
    .selectFrom('usage')
    .select([
      'day',
      'model',
      'kind',
      'requests',
      'cached_requests as cachedRequests',
      'prompt_tokens as promptTokens',
      'completion_tokens as completionTokens',
      'cost_usd as costUsd',
    ])
    .where('user_id', '=', userId)
    .orderBy('day')
    .execute();
