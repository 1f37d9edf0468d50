import type BetterSqlite3 from 'better-sqlite3';
import type { Kysely } from 'kysely';
import { expect } from 'vitest';
import { keywordText } from '../../src/server/ingest/embed.ts';
import type { Database } from '../../src/server/ports/schema.ts';
import { chunkKey, collectionNoOf, ordinalOf } from '../../src/server/ports/search-scope.ts';
import { readPage } from '../../src/server/records/pages.ts';
import { analysePassage } from '../../src/server/text/analyse.ts';

/**
 * What holds when no job waits or runs: rows, pages, chunks, postings, vectors and files are those of the
 * visible revisions, each once, and nothing else is there.
 */
export async function expectIndexAtRest({
  db,
  raw,
  storedFiles,
}: {
  db: Kysely<Database>;
  raw: BetterSqlite3.Database;
  storedFiles(): string[];
}): Promise<void> {
  const documents = await db
    .selectFrom('documents')
    .innerJoin('collections', 'collections.id', 'documents.collection_id')
    .selectAll('documents')
    .select('collections.no as collection_no')
    .orderBy('documents.id')
    .execute();
  const visible = documents.filter(({ chunk_count }) => chunk_count > 0);
  expect(documents.filter(({ status }) => status !== 'ready' && status !== 'failed')).toEqual([]);

  const chunks = await db.selectFrom('chunks').selectAll().orderBy('key').execute();
  const expectedKeys = visible
    .flatMap((d) =>
      Array.from({ length: d.chunk_count }, (_, i) => chunkKey(d.collection_no, d.first_ordinal + i)),
    )
    .sort((a, b) => a - b);
  expect(chunks.map(({ key }) => key)).toEqual(expectedKeys);
  const vectors = await db.selectFrom('vectors').select('key').orderBy('key').execute();
  expect(vectors.map(({ key }) => key)).toEqual(expectedKeys);

  const byId = new Map(documents.map((document) => [document.id, document]));
  const pages = new Map<string, string | undefined>();
  const expectedPostings: string[] = [];
  for (const chunk of chunks) {
    const document = byId.get(chunk.document_id);
    expect(document?.revision).toBe(chunk.revision);
    const place = `${chunk.document_id} ${chunk.page}`;
    if (!pages.has(place))
      pages.set(place, await readPage(db, chunk.document_id, chunk.revision, chunk.page));
    expect(pages.get(place)?.slice(chunk.start, chunk.end)).toBe(chunk.text);
    const revision = await db
      .selectFrom('revisions')
      .selectAll()
      .where('document_id', '=', chunk.document_id)
      .where('revision', '=', chunk.revision)
      .executeTakeFirstOrThrow();
    const passage = {
      headingPath: JSON.parse(chunk.heading_path),
      tableHeader: chunk.table_header,
      text: chunk.text,
    };
    const { terms } = analysePassage(keywordText(revision.title, passage), revision.language ?? 'und');
    for (const [term, tf] of terms) {
      expectedPostings.push(
        `${collectionNoOf(chunk.key)} ${ordinalOf(chunk.key)} ${term} ${Math.min(tf, 15)}`,
      );
    }
  }
  expect(storedPostings(raw)).toEqual(expectedPostings.sort());

  const revisions = await db.selectFrom('revisions').select(['document_id', 'revision']).execute();
  const named = (rows: { document_id: string; revision: number }[]) =>
    rows.map((r) => `${r.document_id} ${r.revision}`).sort();
  expect(named(revisions)).toEqual(named(visible.map(({ id, revision }) => ({ document_id: id, revision }))));
  const withPages = await db.selectFrom('pages').select(['document_id', 'revision']).distinct().execute();
  expect(named(withPages)).toEqual(named(revisions));

  expect(await db.selectFrom('tombstones').selectAll().where('purged', '=', 0).execute()).toEqual([]);
  expect(
    await db.selectFrom('task_items').selectAll().where('status', 'in', ['queued', 'processing']).execute(),
  ).toEqual([]);
  expect(await db.selectFrom('tasks').selectAll().where('finished_at', 'is', null).execute()).toEqual([]);
  expect(
    storedFiles()
      .map((name) => name.split('/').at(-1))
      .sort(),
  ).toEqual(documents.map((d) => d.storage_key).sort());
  for (const { id, document_count } of await db.selectFrom('collections').selectAll().execute()) {
    expect(document_count).toBe(documents.filter(({ collection_id }) => collection_id === id).length);
  }
}

function storedPostings(raw: BetterSqlite3.Database): string[] {
  const rows = raw.prepare('select collection_no, block, term, data from postings').all() as {
    collection_no: number;
    block: number;
    term: string;
    data: Uint8Array;
  }[];
  return rows
    .flatMap(({ collection_no, block, term, data }) =>
      Array.from(
        new Uint16Array(data.slice().buffer),
        (entry) => `${collection_no} ${block * 4096 + (entry >> 4)} ${term} ${entry & 15}`,
      ),
    )
    .sort();
}
