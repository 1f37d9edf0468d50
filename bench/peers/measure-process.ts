import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { functionWords } from '../../src/server/text/stop-words.ts';
import { percentile } from '../lib/row.ts';
import { eachVector, makeVectors } from '../lib/vectors.ts';
import { makeText, randomNumbers } from '../lib/words.ts';
import type { OpenContender, Outcome } from './contender.ts';
import { EMBEDDING_CONTENDERS } from './embedding-contenders.ts';
import { KEYWORD_CONTENDERS } from './keyword-contenders.ts';
import { VECTOR_BATCH, VECTOR_CONTENDERS } from './vector-contenders.ts';

/** Measures one contender in this process, which holds nothing else, and writes its outcome as JSON. */
const DIMENSIONS = 384;
const HITS = 10;
const QUERIES = 200;
const WARM_UP = 20;
const WORDS_PER_PASSAGE = 170;
const SEED = 5;

const [kind = '', name = '', size = '', packages = ''] = process.argv.slice(2);
const count = Number(size);
const folder = mkdtempSync(join(tmpdir(), 'ka-peer-'));
const rss = () => {
  globalThis.gc?.();
  return process.memoryUsage.rss();
};
const emptyRssBytes = rss();
try {
  const outcome =
    kind === 'vector' ? await vectors() : kind === 'keyword' ? await keywords() : await embeddings();
  process.stdout.write(JSON.stringify(outcome), () => process.exit(0));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function vectors(): Promise<Outcome> {
  const contender = pick(VECTOR_CONTENDERS);
  const index = await contender.open({ dimensions: DIMENSIONS, count, hits: HITS }, { folder, packages });
  const set = { count, dimensions: DIMENSIONS, seed: SEED };
  const buildMs = await build(index, eachVector(set), VECTOR_BATCH);
  const queries = makeVectors({ count: QUERIES, dimensions: DIMENSIONS, seed: SEED, stream: 1 });
  const { found, ...times } = await ask(index, queries);
  const rssBytes = rss();
  const truth = exactNeighbours(queries, eachVector(set));
  const agreed = found.reduce(
    (sum, numbers, i) => sum + numbers.filter((number) => truth[i]?.includes(number)).length,
    0,
  );
  return { buildMs, ...times, recall: agreed / (QUERIES * HITS), rssBytes, emptyRssBytes };
}

async function keywords(): Promise<Outcome> {
  const index = await pick(KEYWORD_CONTENDERS).open({ hits: HITS }, { folder, packages });
  const textOf = (n: number) => makeText(randomNumbers(1e7 + n), WORDS_PER_PASSAGE);
  function* texts() {
    for (let n = 0; n < count; n++) yield textOf(n);
  }
  const buildMs = await build(index, texts(), 100);
  // four words of one passage: it should be among the first ten
  const random = randomNumbers(SEED);
  const sources = Array.from({ length: QUERIES }, () => Math.floor(random() * count));
  const common = functionWords('en');
  const questions = sources.map((n) => {
    const words = textOf(n)
      .replace('.', '')
      .split(' ')
      .filter((word) => !common.has(word));
    const chosen = Array.from({ length: 4 }, () => words[Math.floor(random() * words.length)]);
    return `what is the ${chosen.join(' of ')}`;
  });
  const { found, ...times } = await ask(index, questions);
  const hits = found.filter((numbers, i) => numbers.includes(sources[i] as number)).length;
  return { buildMs, ...times, recall: hits / QUERIES, rssBytes: rss(), emptyRssBytes };
}

/** Recall is here the least cosine with the vectors of the product's own session. */
async function embeddings(): Promise<Outcome> {
  const begun = performance.now();
  const embed = await pick(EMBEDDING_CONTENDERS).open({ folder, packages });
  await embed('warm');
  const buildMs = performance.now() - begun;
  const random = randomNumbers(SEED);
  const texts = Array.from({ length: count }, () => makeText(random, 30 + Math.floor(random() * 60)));
  const times: number[] = [];
  const made: Float32Array[] = [];
  const before = process.cpuUsage();
  for (const text of texts) {
    const from = performance.now();
    made.push(await embed(text));
    times.push(performance.now() - from);
  }
  const cpu = cpuSince(before) / texts.length;
  const rssBytes = rss();
  const own = await EMBEDDING_CONTENDERS['Knowledge Assistant']?.open({ folder, packages });
  let least = 1;
  for (const [i, text] of texts.entries())
    least = Math.min(least, dot(made[i] as Float32Array, (await own?.(text)) as Float32Array));
  return {
    buildMs,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    cpuMs: cpu,
    recall: least,
    rssBytes,
    emptyRssBytes,
  };
}

function pick<T>(contenders: Readonly<Record<string, T>>): T {
  const found = contenders[name];
  if (found === undefined) throw new Error(`no contender ${name} in ${kind}`);
  return found;
}

/** Milliseconds spent in taking the items in; making them is not counted. */
async function build<Item>(
  index: OpenContender<Item, never>,
  items: Iterable<Item>,
  batch: number,
): Promise<number> {
  let spent = 0;
  let first = 0;
  let waiting: Item[] = [];
  const flush = async () => {
    const from = performance.now();
    await index.add(first, waiting);
    spent += performance.now() - from;
    first += waiting.length;
    waiting = [];
  };
  for (const item of items) {
    waiting.push(item);
    if (waiting.length === batch) await flush();
  }
  if (waiting.length > 0) await flush();
  return spent;
}

async function ask<Query>(index: OpenContender<never, Query>, queries: readonly Query[]) {
  for (const query of queries.slice(0, WARM_UP)) await index.find(query);
  const times: number[] = [];
  const found: (readonly number[])[] = [];
  const before = process.cpuUsage();
  for (const query of queries) {
    const from = performance.now();
    found.push(await index.find(query));
    times.push(performance.now() - from);
  }
  return {
    found,
    p50Ms: percentile(times, 0.5),
    p95Ms: percentile(times, 0.95),
    cpuMs: cpuSince(before) / queries.length,
  };
}

function exactNeighbours(queries: readonly Float32Array[], all: Iterable<Float32Array>): readonly number[][] {
  const best = queries.map((): { score: number; number: number }[] => []);
  let number = 0;
  for (const vector of all) {
    for (const [i, query] of queries.entries()) {
      const list = best[i] as { score: number; number: number }[];
      const score = dot(query, vector);
      if (list.length === HITS && score <= (list.at(-1)?.score ?? 0)) continue;
      list.push({ score, number });
      list.sort((a, b) => b.score - a.score);
      list.length = Math.min(list.length, HITS);
    }
    number++;
  }
  return best.map((list) => list.map((entry) => entry.number));
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
