import { type Kysely, type Selectable, sql } from 'kysely';
import type { Database, DocumentRow, RevisionRow } from '../ports/schema.ts';
import { chunkKey } from '../ports/search-scope.ts';
import type { ExpectedPurges } from './expected-purges.ts';
import { faultOf, type RevisionName, type StoreFault } from './store-fault.ts';

const PAGE = 500;

/** What a document's row says of its pages and passages is what there is of them. */
export async function checkDocuments(db: Kysely<Database>): Promise<StoreFault[]> {
  const range: string[] = [];
  const passages: string[] = [];
  const tags: string[] = [];
  for (let after = ''; ; ) {
    const documents = await db
      .selectFrom('documents as d')
      .innerJoin('collections as c', 'c.id', 'd.collection_id')
      .selectAll('d')
      .select('c.no as collection_no')
      .where('d.id', '>', after)
      .orderBy('d.id')
      .limit(PAGE)
      .execute();
    const last = documents.at(-1);
    if (last === undefined) break;
    after = last.id;
    const there = await readParts(
      db,
      documents.map(({ id }) => id),
    );
    for (const document of documents) {
      const revision = there.revisions.get(nameOf(document.id, document.revision));
      if (document.chunk_count > 0 && !fits(document, revision)) range.push(document.id);
      else if (!isWhole(document, there)) passages.push(document.id);
      if (!hasTags(document, there.tags.get(document.id) ?? [])) tags.push(document.id);
    }
  }
  return [
    ...faultOf(range, {
      check: 'document-range',
      detail: 'A document points to a range of passages that is not reserved for it.',
      mend: 'it is read again',
      repair: { do: 'read-again', documentIds: range },
    }),
    ...faultOf(passages, {
      check: 'document-passages',
      detail: 'A document has other pages or passages than its row says.',
      mend: 'it is read again',
      repair: { do: 'read-again', documentIds: passages },
    }),
    ...faultOf(tags, {
      check: 'document-tags',
      detail: "A document's tags are not those that filters find it by.",
      mend: "the filters' tags are written again",
      repair: { do: 'write-tags', documentIds: tags },
    }),
  ];
}

type Placed = Selectable<DocumentRow> & { readonly collection_no: number };

interface Parts {
  readonly revisions: ReadonlyMap<string, RevisionRow>;
  readonly chunks: ReadonlyMap<string, { count: number; first: number; last: number; tokens: number }>;
  readonly pages: ReadonlyMap<string, number>;
  readonly tags: ReadonlyMap<string, readonly { readonly tag: string; readonly collection_id: string }[]>;
}

async function readParts(db: Kysely<Database>, ids: readonly string[]): Promise<Parts> {
  const revisions = await db.selectFrom('revisions').selectAll().where('document_id', 'in', ids).execute();
  const chunks = await db
    .selectFrom('chunks')
    .select(({ fn }) => [
      'document_id',
      'revision',
      fn.countAll().as('count'),
      fn.min('key').as('first'),
      fn.max('key').as('last'),
      fn.sum('token_count').as('tokens'),
    ])
    .where('document_id', 'in', ids)
    .groupBy(['document_id', 'revision'])
    .execute();
  const pages = await db
    .selectFrom('pages')
    .select(({ fn }) => ['document_id', 'revision', fn.max('page').as('last')])
    .where('document_id', 'in', ids)
    .groupBy(['document_id', 'revision'])
    .execute();
  const tags = await db
    .selectFrom('document_tags')
    .select(['document_id', 'collection_id', 'tag'])
    .where('document_id', 'in', ids)
    .orderBy('tag')
    .execute();
  return {
    revisions: new Map(revisions.map((row) => [nameOf(row.document_id, row.revision), row])),
    chunks: new Map(
      chunks.map((row) => [
        nameOf(row.document_id, row.revision),
        {
          count: Number(row.count),
          first: Number(row.first),
          last: Number(row.last),
          tokens: Number(row.tokens),
        },
      ]),
    ),
    pages: new Map(pages.map((row) => [nameOf(row.document_id, row.revision), Number(row.last)])),
    tags: Map.groupBy(tags, ({ document_id }) => document_id),
  };
}

const nameOf = (documentId: string, revision: number): string => `${documentId} ${revision}`;

const fits = (document: Placed, revision: RevisionRow | undefined): boolean =>
  revision !== undefined &&
  revision.dropped === 0 &&
  Number(revision.collection_no) === Number(document.collection_no) &&
  Number(revision.first_ordinal) === Number(document.first_ordinal) &&
  revision.chunk_count >= document.chunk_count;

/** While a document is read there may be fewer passages than its row shows, but none elsewhere. */
function isWhole(document: Placed, { chunks, pages }: Parts): boolean {
  const { chunk_count: count, status } = document;
  // what belonged to a document that shows nothing has been let go of
  if (count === 0) return status !== 'ready';
  const name = nameOf(document.id, document.revision);
  const found = chunks.get(name);
  const first = chunkKey(Number(document.collection_no), Number(document.first_ordinal));
  if (status !== 'ready' && status !== 'embedding')
    return found === undefined || (found.first >= first && found.last < first + count);
  const inPlace = found?.count === count && found.first === first && found.last === first + count - 1;
  if (status === 'embedding') return inPlace;
  return inPlace && found.tokens === document.token_count && pages.get(name) === document.page_count;
}

function hasTags(document: Placed, rows: readonly { tag: string; collection_id: string }[]): boolean {
  const shown = JSON.parse(document.tags) as string[];
  return (
    rows.length === shown.length &&
    rows.every(({ tag, collection_id }) => collection_id === document.collection_id && shown.includes(tag))
  );
}

/** Every revision belongs to a document or is on its way out, and none lies over another. */
export async function checkRevisions(db: Kysely<Database>, purges: ExpectedPurges): Promise<StoreFault[]> {
  const rows = await db
    .selectFrom('revisions as r')
    .leftJoin('documents as d', 'd.id', 'r.document_id')
    .select([
      'r.document_id',
      'r.revision',
      'r.collection_no',
      'r.first_ordinal',
      'r.chunk_count',
      'r.dropped',
      'd.revision as visible',
      'd.build_revision as built',
    ])
    .orderBy('r.collection_no')
    .orderBy('r.first_ordinal')
    .execute();
  const unused: RevisionName[] = [];
  const unpurged: RevisionName[] = [];
  const over: RevisionName[] = [];
  let before = { no: -1, end: 0 };
  for (const row of rows) {
    const name = { documentId: row.document_id, revision: row.revision };
    const no = Number(row.collection_no);
    const end = Number(row.first_ordinal) + row.chunk_count;
    if (row.chunk_count > 0) {
      if (before.no === no && Number(row.first_ordinal) < before.end) over.push(name);
      before = { no, end: before.no === no ? Math.max(before.end, end) : end };
    }
    if (purges.collectionNos.has(no)) continue;
    if (row.dropped === 1) {
      if (!purges.hasRevision(row.document_id, row.revision)) unpurged.push(name);
    } else if (row.revision !== row.visible && row.revision !== row.built) unused.push(name);
  }
  return [
    ...faultOf(unused.map(placeOf), {
      check: 'revision-unused',
      detail: 'Pages and passages are kept that belong to no document.',
      mend: 'they are let go of and purged',
      repair: { do: 'drop-revisions', revisions: unused },
    }),
    ...faultOf(unpurged.map(placeOf), {
      check: 'revision-unpurged',
      detail: 'Pages and passages that were let go of wait for a purge that nobody will do.',
      mend: 'the purge is queued again',
      repair: { do: 'purge-again', revisions: unpurged },
    }),
    ...faultOf(over.map(placeOf), {
      check: 'revision-overlap',
      detail: 'Two documents were given the same places in the index.',
      mend: 'they are read again',
      repair: { do: 'read-again', documentIds: over.map(({ documentId }) => documentId) },
    }),
  ];
}

const placeOf = ({ documentId, revision }: RevisionName): string => `${documentId}, revision ${revision}`;

/** Pages and passages without a revision. */
export async function checkStrays(db: Kysely<Database>): Promise<StoreFault[]> {
  const strays = async (table: 'pages' | 'chunks'): Promise<RevisionName[]> => {
    const { rows } = await sql<Pick<RevisionRow, 'document_id' | 'revision'>>`
      select distinct part.document_id, part.revision from ${sql.table(table)} as part
      left join revisions as r on r.document_id = part.document_id and r.revision = part.revision
      where r.document_id is null order by 1, 2`.execute(db);
    return rows.map(({ document_id, revision }) => ({ documentId: document_id, revision }));
  };
  const pages = await strays('pages');
  const passages = await strays('chunks');
  return [
    ...faultOf(pages.map(placeOf), {
      check: 'page-unknown',
      detail: 'Pages are stored that belong to no revision of a document.',
      mend: 'they are removed',
      repair: { do: 'remove-pages', revisions: pages },
    }),
    ...faultOf(passages.map(placeOf), {
      check: 'passage-unknown',
      detail: 'Passages are stored that belong to no revision of a document.',
      mend: 'they are removed with their vectors and words',
      repair: { do: 'remove-passages', revisions: passages },
    }),
  ];
}
