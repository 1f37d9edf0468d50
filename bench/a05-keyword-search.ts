import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { createKeywordReader } from '../src/server/drivers/text-index/sqlite-reader.ts';
import { createSqliteTextWriter } from '../src/server/drivers/text-index/sqlite-writer.ts';
import type { SearchScope } from '../src/server/ports/search-scope.ts';
import type { QueryTerm, TextEntry } from '../src/server/ports/text-index.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from '../src/server/records/sqlite.ts';
import { analysePassage, analyseQuery } from '../src/server/text/analyse.ts';
import { type Bench, percentile, type Row } from './lib/row.ts';
import { makeQuestion, makeText, randomNumbers } from './lib/words.ts';

const WORDS_PER_CHUNK = 170;
/** What one document brings in one transaction. */
const CHUNKS_PER_DOCUMENT = 50;
const SMALL = { no: 1, chunks: 10_000 };
const LARGE_NO = 2;
/** Other people's collections are copies of the small one. */
const OTHERS_FROM = 100;
const QUERIES = 400;
const HITS = 50;

export const bench: Bench = {
  id: 'A5',
  run: ({ quick }) => run(quick ? { others: 100_000, own: 30_000 } : {}),
};

/** Keyword search alone and beside a million chunks of other collections; writing and deleting. */
export async function run({
  others = 1_000_000,
  own = 100_000,
}: {
  others?: number;
  own?: number;
} = {}): Promise<Row[]> {
  const large = { no: LARGE_NO, chunks: own };
  const folder = mkdtempSync(join(tmpdir(), 'ka-bench-a05-'));
  const path = join(folder, 'ka.sqlite');
  prepareSqlite(path);
  const writing = openSqlite(path);
  const reading = openSqlite(path, { readonly: true });
  try {
    const rows: Row[] = [];
    rows.push(...(await fill(writing, SMALL)));
    await fill(writing, large);
    rows.push(bytesRow(reading.raw, SMALL.chunks + own));
    rows.push(searchRow(reading.raw, SMALL, 'alone', 6), searchRow(reading.raw, large, 'alone', 25));
    const count = copyCollections(writing.raw, Math.round(others / SMALL.chunks));
    const beside = `beside ${count} of others`;
    rows.push(searchRow(reading.raw, SMALL, beside, 6), searchRow(reading.raw, large, beside, 25));
    rows.push(filterRow(reading.raw, own), await deleteRow(writing, own));
    return rows;
  } finally {
    await reading.close();
    await writing.close();
    rmSync(folder, { recursive: true });
  }
}

const row = (
  name: string,
  figure: number,
  unit: string,
  target: string,
  ok: boolean,
  detail: string,
): Row => ({
  id: 'A5',
  name,
  target,
  figure: Number(figure.toPrecision(3)),
  unit,
  ok,
  detail,
});

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

const textOf = (no: number, ordinal: number): string =>
  makeText(randomNumbers(no * 1e7 + ordinal), WORDS_PER_CHUNK);

async function fill(
  connection: SqliteConnection,
  { no, chunks }: { no: number; chunks: number },
): Promise<Row[]> {
  const writer = createSqliteTextWriter(connection.raw);
  let analysis = 0;
  let insert = 0;
  for (let first = 0; first < chunks; first += CHUNKS_PER_DOCUMENT) {
    const texts = Array.from({ length: CHUNKS_PER_DOCUMENT }, (_, i) => textOf(no, first + i));
    const started = process.cpuUsage();
    const entries = texts.map(
      (text, i): TextEntry => ({ ordinal: first + i, ...analysePassage(text, 'en') }),
    );
    analysis += cpuMs(started);
    const analysed = process.cpuUsage();
    await connection.db.transaction().execute((tx) => writer.add(tx, no, entries));
    insert += cpuMs(analysed);
  }
  const rate = chunks / ((analysis + insert) / 1000);
  const detail = `analysis ${(chunks / (analysis / 1000)).toFixed(0)}/s, index ${(chunks / (insert / 1000)).toFixed(0)}/s; ${CHUNKS_PER_DOCUMENT} chunks of ${WORDS_PER_CHUNK} words a transaction`;
  return [row('keyword analysis and insert, CPU', rate, 'chunks/s', '> 500', rate > 500, detail)];
}

/** Copies the small collection's rows: as large in the file as if they had been written one by one. */
function copyCollections(raw: Database, copies: number): number {
  for (let i = 0; i < copies; i++) {
    const to = OTHERS_FROM + i;
    for (const [table, columns] of [
      ['postings', 'block, term, data'],
      ['posting_lengths', 'block, data'],
      ['posting_stats', 'chunk_count, length_sum'],
    ]) {
      raw
        .prepare(
          `insert into ${table} (collection_no, ${columns}) select ?, ${columns} from ${table} where collection_no = ?`,
        )
        .run(to, SMALL.no);
    }
  }
  raw.pragma('wal_checkpoint(truncate)');
  return copies * SMALL.chunks;
}

function questions(seed: number): (readonly QueryTerm[])[] {
  const random = randomNumbers(seed);
  return Array.from({ length: QUERIES }, () => analyseQuery(makeQuestion(random), ['en']).terms);
}

interface Timing {
  readonly p50: number;
  readonly p95: number;
  readonly cpu: number;
}

function time(raw: Database, scope: SearchScope): Timing {
  const reader = createKeywordReader(raw);
  for (const terms of questions(1).slice(0, 100)) reader.search(terms, HITS, scope);
  const asked = questions(2);
  const before = process.cpuUsage();
  const took = asked.map((terms) => {
    const started = performance.now();
    reader.search(terms, HITS, scope);
    return performance.now() - started;
  });
  const cpu = cpuMs(before) / asked.length;
  return { p50: percentile(took, 0.5), p95: percentile(took, 0.95), cpu };
}

const describeTiming = ({ p50, cpu }: Timing) =>
  `p50 ${p50.toFixed(2)} ms, CPU ${cpu.toFixed(2)} ms a search, ${QUERIES} questions of 3 to 9 words, top ${HITS}`;

function searchRow(
  raw: Database,
  { no, chunks }: { no: number; chunks: number },
  beside: string,
  limit: number,
): Row {
  const timing = time(raw, { collections: [{ no, generation: 0 }] });
  const name = `keyword search p95, ${chunks} own chunks, ${beside}`;
  return row(name, timing.p95, 'ms', `< ${limit}`, timing.p95 < limit, describeTiming(timing));
}

function filterRow(raw: Database, own: number): Row {
  const documents = Array.from({ length: 100 }, (_, i) => ({
    id: `d${i}`,
    firstOrdinal: (i * own) / 100,
    chunkCount: CHUNKS_PER_DOCUMENT,
  }));
  const timing = time(raw, { collections: [{ no: LARGE_NO, generation: 0, documents }] });
  const name = `keyword search p95, ${own} own chunks, 5000 of them kept by a filter`;
  return row(name, timing.p95, 'ms', '< 25', timing.p95 < 25, describeTiming(timing));
}

function bytesRow(raw: Database, chunks: number): Row {
  const bytes = (sql: string): number => raw.prepare(sql).pluck().get() as number;
  const data =
    bytes('select sum(length(data) + length(term)) from postings') +
    bytes('select sum(length(data)) from posting_lengths');
  const rowCount = bytes('select count(*) from postings');
  const file = bytes('select page_count * page_size from pragma_page_count, pragma_page_size');
  return row(
    'keyword index size',
    file / chunks,
    'bytes/chunk',
    '< 1500',
    file / chunks < 1500,
    `file ${(file / 2 ** 20).toFixed(0)} MB; payload ${(data / chunks).toFixed(0)} bytes/chunk in ${rowCount} rows`,
  );
}

async function deleteRow(connection: SqliteConnection, own: number): Promise<Row> {
  const writer = createSqliteTextWriter(connection.raw);
  const took: number[] = [];
  const before = process.cpuUsage();
  for (let i = 0; i < 30; i++) {
    const first = (i * own) / 50;
    const started = performance.now();
    const terms = new Set<string>();
    for (let j = 0; j < 20; j++)
      for (const term of analysePassage(textOf(LARGE_NO, first + j), 'en').terms.keys()) terms.add(term);
    await connection.db.transaction().execute((tx) => writer.removeRange(tx, LARGE_NO, first, 20, terms));
    took.push(performance.now() - started);
  }
  const cpu = cpuMs(before) / took.length;
  const started = performance.now();
  await connection.db.transaction().execute((tx) => writer.removeRange(tx, LARGE_NO, own - 5000, 2000));
  const sweep = performance.now() - started;
  const detail = `wall p50 ${percentile(took, 0.5).toFixed(1)} ms, p95 ${percentile(took, 0.95).toFixed(1)} ms; sweep of 2000 chunks ${sweep.toFixed(0)} ms`;
  return row('keyword delete of 20 chunks by their terms, CPU', cpu, 'ms', '< 60', cpu < 60, detail);
}
