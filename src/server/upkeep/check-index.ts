import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { keywordText, passageOf } from '../ingest/embed.ts';
import type { Database, RevisionRow } from '../ports/schema.ts';
import { chunkKey, collectionNoOf, ordinalOf } from '../ports/search-scope.ts';
import { findRevision } from '../records/document-progress.ts';
import { readPage } from '../records/pages.ts';
import { analysePassage } from '../text/analyse.ts';
import type { ExpectedPurges } from './expected-purges.ts';
import { asRanges, faultOf, type StoreFault } from './store-fault.ts';

/** As the keyword index stores it (`ports/schema.ts`, postings). */
const BLOCK = 4096;
const MOST_TF = 15;
const MOST_LENGTH = 0xffff;
const CHUNKS = 128;
const TERMS = 1000;

/**
 * Every passage against its page, its vector and its words, block after block of the keyword index: the words of
 * each passage are worked out again and compared with what is stored, so that not one may be missing or left over.
 */
export async function checkIndex(
  db: Kysely<Database>,
  purges: ExpectedPurges,
): Promise<{ passages: number; vectors: number; faults: StoreFault[] }> {
  const found: Found = { text: new Set(), noVector: new Set(), differ: [], unknown: [] };
  const vectorLengths = new Map<number, number>();
  const texts = createTextSource(db);
  let passages = 0;
  for (let at = await nextBlock(db, { no: 0, block: 0 }); at !== undefined; ) {
    const expected = await expectedWords(db, at, texts, found, vectorLengths);
    passages += expected.passages;
    compare(at, expected, await storedWords(db, at), purges, found);
    at = await nextBlock(db, { no: at.no, block: at.block + 1 });
  }
  const strays = await vectorsWithoutPassage(db);
  const vectors = [...vectorLengths.values()].reduce((sum, n) => sum + n, 0) + strays.length;
  const lengths = [...vectorLengths].map(([bytes, n]) => `${n} of ${bytes / 4} dimensions`);
  const faults = [
    ...faultOf([...found.text], {
      check: 'passage-text',
      detail: "A document's passage is not what stands at its place on the page.",
      mend: 'the document is read again',
      repair: { do: 'read-again', documentIds: [...found.text] },
    }),
    ...faultOf([...found.noVector], {
      check: 'vector-missing',
      detail: 'A document that is ready has passages without a vector.',
      mend: 'the document is read again',
      repair: { do: 'read-again', documentIds: [...found.noVector] },
    }),
    ...faultOf(strays.map(placeOf), {
      check: 'vector-unknown',
      detail: 'Vectors are stored for which there is no passage.',
      mend: 'they are removed',
      repair: { do: 'remove-vectors', ranges: asRanges(strays) },
    }),
    ...faultOf(lengths.length > 1 ? lengths : [], {
      check: 'vector-length',
      detail: 'The stored vectors are of different lengths: not all were made by one embedding model.',
      mend: 'read the documents of the collection again',
      repair: undefined,
    }),
    ...faultOf(found.differ.map(placeOf), {
      check: 'words-differ',
      detail: 'Passages are found by other words than theirs.',
      mend: 'their words are written again',
      repair: { do: 'write-words', ranges: asRanges(found.differ) },
    }),
    ...faultOf(found.unknown.map(placeOf), {
      check: 'words-unknown',
      detail: 'The keyword index holds words of passages that are not there.',
      mend: 'they are removed',
      repair: { do: 'write-words', ranges: asRanges(found.unknown) },
    }),
    ...(await checkCounts(db)),
  ];
  return { passages, vectors, faults };
}

interface Place {
  readonly collectionNo: number;
  readonly ordinal: number;
}

interface Found {
  /** Ids of documents. */
  readonly text: Set<string>;
  readonly noVector: Set<string>;
  readonly differ: Place[];
  readonly unknown: Place[];
}

const placeOf = ({ collectionNo, ordinal }: Place): string =>
  `collection ${collectionNo}, passage ${ordinal}`;

interface Block {
  readonly no: number;
  readonly block: number;
}

/** The first block, from this one on, in which there is a passage or a word. */
async function nextBlock(db: Kysely<Database>, { no, block }: Block): Promise<Block | undefined> {
  const inTable = (table: 'postings' | 'posting_lengths') =>
    db
      .selectFrom(table)
      .select(['collection_no as no', 'block'])
      .where(({ refTuple, tuple, eb }) => eb(refTuple('collection_no', 'block'), '>=', tuple(no, block)))
      .orderBy('collection_no')
      .orderBy('block')
      .limit(1)
      .executeTakeFirst();
  const chunk = await db
    .selectFrom('chunks')
    .select('key')
    .where('key', '>=', chunkKey(no, block * BLOCK))
    .orderBy('key')
    .limit(1)
    .executeTakeFirst();
  const blocks = [await inTable('postings'), await inTable('posting_lengths')]
    .filter((row) => row !== undefined)
    .map((row) => ({ no: Number(row.no), block: row.block }));
  if (chunk !== undefined) {
    const key = Number(chunk.key);
    blocks.push({ no: collectionNoOf(key), block: Math.floor(ordinalOf(key) / BLOCK) });
  }
  return blocks.sort((a, b) => a.no - b.no || a.block - b.block)[0];
}

/** Of one block, by `ordinal & 4095`. */
interface Words {
  /** How many different words. */
  readonly terms: Uint32Array;
  /** Sum of the words' hashes with their numbers: words that are swapped show. */
  readonly sums: Uint32Array;
  readonly lengths: Uint32Array;
}

const noWords = (): Words => ({
  terms: new Uint32Array(BLOCK),
  sums: new Uint32Array(BLOCK),
  lengths: new Uint32Array(BLOCK),
});

interface Expected extends Words {
  /** 1 where there is a passage. */
  readonly there: Uint8Array;
  /** 1 where its revision is unknown, which is told elsewhere. */
  readonly strange: Uint8Array;
  passages: number;
}

async function expectedWords(
  db: Kysely<Database>,
  { no, block }: Block,
  texts: TextSource,
  found: Found,
  vectorLengths: Map<number, number>,
): Promise<Expected> {
  const expected: Expected = {
    ...noWords(),
    there: new Uint8Array(BLOCK),
    strange: new Uint8Array(BLOCK),
    passages: 0,
  };
  const end = chunkKey(no, (block + 1) * BLOCK);
  for (let from = chunkKey(no, block * BLOCK); from < end; ) {
    await nextTurn();
    const chunks = await db
      .selectFrom('chunks as k')
      .leftJoin('vectors as v', 'v.key', 'k.key')
      .leftJoin('documents as d', 'd.id', 'k.document_id')
      .selectAll('k')
      .select(['d.status', 'd.revision as visible', sql<number | null>`length(v.data)`.as('vector_bytes')])
      .where('k.key', '>=', from)
      .where('k.key', '<', end)
      .orderBy('k.key')
      .limit(CHUNKS)
      .execute();
    for (const chunk of chunks) {
      const key = Number(chunk.key);
      const local = ordinalOf(key) % BLOCK;
      expected.passages++;
      expected.there[local] = 1;
      if (chunk.vector_bytes !== null) {
        const bytes = Number(chunk.vector_bytes);
        vectorLengths.set(bytes, (vectorLengths.get(bytes) ?? 0) + 1);
      } else if (chunk.status === 'ready' && chunk.visible === chunk.revision)
        found.noVector.add(chunk.document_id);
      const revision = await texts.revision(chunk.document_id, chunk.revision);
      if (revision === undefined) {
        expected.strange[local] = 1;
        continue;
      }
      // pages are purged before their revision's row
      if (revision.dropped === 1) continue;
      const page = await texts.page(chunk.document_id, chunk.revision, chunk.page);
      if (page?.slice(chunk.start, chunk.end) !== chunk.text) found.text.add(chunk.document_id);
      const { terms, length } = analysePassage(
        keywordText(revision.title, passageOf(chunk)),
        revision.language ?? 'und',
      );
      expected.lengths[local] = Math.min(length, MOST_LENGTH);
      for (const [term, tf] of terms) addWord(expected, local, hashOf(term), Math.min(tf, MOST_TF));
    }
    const last = chunks.at(-1);
    from = chunks.length < CHUNKS || last === undefined ? end : Number(last.key) + 1;
  }
  return expected;
}

function addWord(words: Words, local: number, hash: number, tf: number): void {
  words.terms[local] = (words.terms[local] as number) + 1;
  words.sums[local] = (words.sums[local] as number) + Math.imul(hash ^ tf, 0x9e3779b1);
}

/** FNV-1a over UTF-16 units. */
function hashOf(term: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < term.length; i++) hash = Math.imul(hash ^ term.charCodeAt(i), 0x01000193);
  return hash;
}

async function storedWords(db: Kysely<Database>, { no, block }: Block): Promise<Words> {
  const stored = noWords();
  const at = <T extends 'postings' | 'posting_lengths'>(table: T) =>
    db
      .selectFrom(table as 'postings')
      .where('collection_no', '=', no)
      .where('block', '=', block);
  const lengths = await at('posting_lengths').select('data').executeTakeFirst();
  if (lengths !== undefined) stored.lengths.set(numbersOf(lengths.data).subarray(0, BLOCK));
  for (let after = ''; ; ) {
    await nextTurn();
    const rows = await at('postings')
      .select(['term', 'data'])
      .where('term', '>', after)
      .orderBy('term')
      .limit(TERMS)
      .execute();
    for (const { term, data } of rows) {
      const hash = hashOf(term);
      for (const entry of numbersOf(data)) addWord(stored, entry >> 4, hash, entry & MOST_TF);
    }
    const last = rows.at(-1);
    if (rows.length < TERMS || last === undefined) return stored;
    after = last.term;
  }
}

const numbersOf = (data: Uint8Array): Uint16Array => new Uint16Array(data.slice().buffer);

function compare(
  { no, block }: Block,
  expected: Expected,
  stored: Words,
  purges: ExpectedPurges,
  found: Found,
): void {
  for (let local = 0; local < BLOCK; local++) {
    const same =
      expected.terms[local] === stored.terms[local] &&
      expected.sums[local] === stored.sums[local] &&
      expected.lengths[local] === stored.lengths[local];
    if (same || expected.strange[local] === 1) continue;
    const ordinal = block * BLOCK + local;
    if (purges.hasOrdinal(no, ordinal)) continue;
    (expected.there[local] === 1 ? found.differ : found.unknown).push({ collectionNo: no, ordinal });
  }
}

interface TextSource {
  revision(documentId: string, revision: number): Promise<RevisionRow | undefined>;
  page(documentId: string, revision: number, page: number): Promise<string | undefined>;
}

/** Passages come in the order of their documents and pages: the last one read is mostly the next one asked for. */
function createTextSource(db: Kysely<Database>): TextSource {
  const keepLast = <T>(read: (id: string, revision: number, page: number) => Promise<T>) => {
    let kept: { readonly name: string; readonly value: T } | undefined;
    return async (id: string, revision: number, page = 0): Promise<T> => {
      const name = `${id} ${revision} ${page}`;
      if (kept?.name !== name) kept = { name, value: await read(id, revision, page) };
      return kept.value;
    };
  };
  return {
    revision: keepLast((id, revision) => findRevision(db, id, revision)),
    page: keepLast((id, revision, page) => readPage(db, id, revision, page)),
  };
}

async function vectorsWithoutPassage(db: Kysely<Database>): Promise<Place[]> {
  const rows = await db
    .selectFrom('vectors as v')
    .leftJoin('chunks as k', 'k.key', 'v.key')
    .select('v.key')
    .where('k.key', 'is', null)
    .orderBy('v.key')
    .execute();
  return rows.map(({ key }) => ({
    collectionNo: collectionNoOf(Number(key)),
    ordinal: ordinalOf(Number(key)),
  }));
}

/** Passages and words in all, by which a word's weight is worked out. */
async function checkCounts(db: Kysely<Database>): Promise<StoreFault[]> {
  const counted = new Map<number, { chunks: number; length: number }>();
  const lengths = await db.selectFrom('posting_lengths').select(['collection_no', 'data']).execute();
  for (const { collection_no, data } of lengths) {
    const sums = counted.get(Number(collection_no)) ?? { chunks: 0, length: 0 };
    for (const length of numbersOf(data)) {
      if (length === 0) continue;
      sums.chunks++;
      sums.length += length;
    }
    counted.set(Number(collection_no), sums);
  }
  const wrong = new Set<number>();
  const stats = await db.selectFrom('posting_stats').selectAll().execute();
  for (const { collection_no, chunk_count, length_sum } of stats) {
    const sums = counted.get(Number(collection_no)) ?? { chunks: 0, length: 0 };
    if (sums.chunks !== chunk_count || sums.length !== Number(length_sum)) wrong.add(Number(collection_no));
    counted.delete(Number(collection_no));
  }
  for (const [no, { chunks }] of counted) if (chunks > 0) wrong.add(no);
  return faultOf(
    [...wrong].map((no) => `collection ${no}`),
    {
      check: 'words-counted',
      detail: "A collection's count of passages and words is not that of its index.",
      mend: 'they are counted again',
      repair: { do: 'count-words', collectionNos: [...wrong] },
    },
  );
}
