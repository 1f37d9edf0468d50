import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSqliteVectorWriter } from '../src/server/drivers/vector-index/sqlite-writer.ts';
import { chunkKey, type SearchScope } from '../src/server/ports/search-scope.ts';
import type { VectorReader } from '../src/server/ports/vector-index.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from '../src/server/records/sqlite.ts';
import { startSearchThread } from '../src/server/threads/start-search-thread.ts';
import { type Bench, percentile, type Row, round } from './lib/row.ts';
import { eachVector, makeVectors } from './lib/vectors.ts';

const DIMENSIONS = 384;
const COLLECTION = 1;
const SEED = 20;
const HITS = 10;
const QUERIES = 300;
const CHUNKS_PER_DOCUMENT = 20;
const WARM_UP = 20;
const ROWS_PER_TRANSACTION = 5_000;
const KEPT = [0.01, 0.1, 0.5];
/** p95 in milliseconds by rows; between two sizes the larger one's applies. */
const TARGETS: readonly (readonly [rows: number, ms: number])[] = [
  [10_000, 2],
  [100_000, 8],
  [1_000_000, 40],
];

export const bench: Bench = {
  id: 'A5',
  run: ({ quick, log }) => run({ sizes: quick ? [10_000, 100_000] : [10_000, 100_000, 1_000_000], log }),
};

/** Vector search in one collection, asked of the search thread as a request asks it, whole and filtered, against exact float search over the same rows. */
export async function run({
  sizes,
  log = () => {},
}: {
  sizes: readonly number[];
  log?: (line: string) => void;
}): Promise<Row[]> {
  const rows: Row[] = [];
  for (const size of sizes) {
    log(`${size} vectors`);
    rows.push(...(await runSize(size)));
  }
  return rows;
}

async function runSize(size: number): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ka-bench-a05-'));
  const path = join(folder, 'ka.sqlite');
  prepareSqlite(path);
  const writing = openSqlite(path);
  const queries = makeVectors({ count: QUERIES + WARM_UP, dimensions: DIMENSIONS, seed: SEED, stream: 1 });
  const scopes = [
    { kept: 1, scope: { collections: [{ no: COLLECTION, generation: 1 }] } },
    ...KEPT.map((kept) => ({ kept, scope: filtered(size, kept) })),
  ];
  const truths = scopes.map(
    ({ scope }) => new Truth(queries.slice(WARM_UP, WARM_UP + truthsFor(size)), scope),
  );
  try {
    const fill = process.cpuUsage();
    await store(writing, size, truths);
    await writing.close();
    const thread = startSearchThread({
      records: { kind: 'sqlite', path },
      dimensions: DIMENSIONS,
      memoryLimitBytes: 2 ** 30,
    });
    const index = thread.vectors;
    try {
      await thread.ready;
      const from = performance.now();
      await index.search(queries[0] as Float32Array, HITS, (scopes[0] as (typeof scopes)[0]).scope);
      const loadMs = performance.now() - from;
      const { loadedBytes } = await index.stats();
      const rows: Row[] = [];
      for (const [i, { kept, scope }] of scopes.entries()) {
        rows.push(...(await measure(index, queries, size, kept, scope, truths[i] as Truth)));
      }
      rows.push({
        id: 'A5',
        name: `${size} vectors: load at first search`,
        target: '–',
        figure: round(loadMs, 0),
        unit: 'ms',
        ok: true,
        detail: `${round(loadedBytes / 1e6, 1)} MB of codes, file ${round(statSync(path).size / 1e6, 0)} MB, made and stored with ${cpuSince(fill)} ms CPU`,
      });
      return rows;
    } finally {
      await thread.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(
  index: VectorReader,
  queries: readonly Float32Array[],
  size: number,
  kept: number,
  scope: SearchScope,
  truth: Truth,
): Promise<Row[]> {
  const times: number[] = [];
  let agreed = 0;
  let cpu = process.cpuUsage();
  for (const [i, query] of queries.entries()) {
    if (i === WARM_UP) cpu = process.cpuUsage();
    const from = performance.now();
    const hits = await index.search(query, HITS, scope);
    if (i >= WARM_UP) {
      times.push(performance.now() - from);
      agreed += truth.agreement(
        i - WARM_UP,
        hits.map(({ key }) => key),
      );
    }
  }
  const targetMs = TARGETS.find(([rows]) => size <= rows)?.[1] ?? Number.NaN;
  const p95 = percentile(times, 0.95);
  const recall = agreed / truth.count();
  const name = `${size} vectors${kept === 1 ? '' : `, filter keeps ${kept * 100} %`}`;
  return [
    {
      id: 'A5',
      name: `${name}: p95`,
      target: `< ${targetMs} ms`,
      figure: round(p95),
      unit: 'ms',
      ok: p95 < targetMs,
      detail: `p50 ${round(percentile(times, 0.5))} ms, CPU ${round(cpuSince(cpu) / QUERIES)} ms a search`,
    },
    {
      id: 'A5',
      name: `${name}: recall@${HITS}`,
      target: '≥ 0.999',
      figure: round(recall, 4),
      unit: '',
      ok: recall >= 0.999,
      detail: `against exact float search, ${truth.count() / HITS} questions`,
    },
  ];
}

const cpuSince = (since: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(since);
  return Math.round((user + system) / 1000);
};

/** The exact search costs 0.4 µs a row and question: fewer questions for more rows. */
const truthsFor = (size: number): number => Math.max(25, Math.min(QUERIES, Math.floor(1e7 / size)));

/** Every n-th document. */
function filtered(size: number, kept: number): SearchScope {
  const step = Math.round(1 / kept);
  const documents = [];
  for (let first = 0; first < size; first += step * CHUNKS_PER_DOCUMENT) {
    documents.push({ id: String(first), firstOrdinal: first, chunkCount: CHUNKS_PER_DOCUMENT });
  }
  return { collections: [{ no: COLLECTION, generation: 1, documents }] };
}

/** Exact float search, fed with the rows as they are made: a million of them need not be kept. */
class Truth {
  readonly #queries: readonly Float32Array[];
  readonly #step: number;
  readonly #best: { score: number; ordinal: number }[][];

  constructor(queries: readonly Float32Array[], scope: SearchScope) {
    this.#queries = queries;
    const documents = scope.collections[0]?.documents;
    this.#step = documents === undefined ? 1 : (documents[1]?.firstOrdinal ?? 0) / CHUNKS_PER_DOCUMENT;
    this.#best = queries.map(() => []);
  }

  admits(ordinal: number): boolean {
    return Math.floor(ordinal / CHUNKS_PER_DOCUMENT) % this.#step === 0;
  }

  offer(which: number, ordinal: number, score: number): void {
    const best = this.#best[which] as { score: number; ordinal: number }[];
    if (best.length === HITS && score <= (best[HITS - 1] as { score: number }).score) return;
    const at = best.findIndex((other) => other.score < score);
    best.splice(at < 0 ? best.length : at, 0, { score, ordinal });
    best.length = Math.min(best.length, HITS);
  }

  queries(): readonly Float32Array[] {
    return this.#queries;
  }

  /** How many of the hits are among the true best; 0 for a question without truth. */
  agreement(which: number, keys: readonly number[]): number {
    const wanted = new Set(this.#best[which]?.map(({ ordinal }) => chunkKey(COLLECTION, ordinal)));
    return keys.filter((key) => wanted.has(key)).length;
  }

  count(): number {
    return this.#best.reduce((sum, best) => sum + best.length, 0);
  }
}

async function store(connection: SqliteConnection, size: number, truths: readonly Truth[]): Promise<void> {
  connection.raw.pragma('synchronous = OFF');
  const writer = createSqliteVectorWriter(connection.raw);
  const questions = (truths[0] as Truth).queries();
  let points: { key: number; vector: Float32Array }[] = [];
  const flush = async () => {
    await connection.db.transaction().execute((tx) => writer.put(tx, points));
    points = [];
  };
  let ordinal = 0;
  for (const vector of eachVector({ count: size, dimensions: DIMENSIONS, seed: SEED })) {
    const admitting = truths.filter((truth) => truth.admits(ordinal));
    for (const [which, question] of questions.entries()) {
      const score = dot(question, vector);
      for (const truth of admitting) truth.offer(which, ordinal, score);
    }
    points.push({ key: chunkKey(COLLECTION, ordinal), vector });
    ordinal++;
    if (points.length === ROWS_PER_TRANSACTION) await flush();
  }
  await flush();
  connection.raw.pragma('wal_checkpoint(truncate)');
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { sizes: { type: 'string', default: '10k,100k,1M' } } });
  const sizes = values.sizes.split(',').map((text) => {
    const [, number, unit] = /^(\d+)([kM]?)$/.exec(text.trim()) ?? [];
    if (number === undefined) throw new Error(`--sizes ${text}: write for example 10k,100k,1M`);
    return Number(number) * (unit === 'M' ? 1_000_000 : unit === 'k' ? 1_000 : 1);
  });
  for (const row of await run({ sizes, log: (line) => console.error(line) })) {
    console.log(
      `${row.ok ? 'ok  ' : 'MISS'} ${row.name}: ${row.figure} ${row.unit} (${row.target}) ${row.detail}`,
    );
  }
}
