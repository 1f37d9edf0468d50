import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Config } from '../config.ts';
import { openEmbedder, type ReadyEmbedder } from '../drivers/embedder/open-embedder.ts';
import { spreadEmbedders } from '../drivers/embedder/spread.ts';
import { type EmbeddingConfig, fingerprintOf } from '../embedding-config.ts';
import { embeddingCostUsd } from '../embedding-cost.ts';
import { fillNextSpace, textOf } from '../ingest/fill-next-space.ts';
import type { Database } from '../ports/schema.ts';
import { PRICES_AS_OF, priceOf } from '../prices.ts';
import { installationId } from '../records/kept-settings.ts';
import { openRecords, prepareRecords } from '../records/open-records.ts';
import { createUsageMeter } from '../records/usage-meter.ts';
import {
  beginNextSpace,
  chunksWithoutNext,
  clearNextVectors,
  countWithoutNext,
  keepVectorSpace,
  switchVectorSpace,
} from '../records/vector-space.ts';
import { estimateTokens } from '../text/estimate-tokens.ts';
import { modelDir } from '../version.ts';
import { createProgressBar } from './progress-bar.ts';

export interface ReindexOptions {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** What embedding anew will take, before anything is embedded. */
interface Estimate {
  readonly from: string;
  readonly to: string;
  /** Passages that have no vector of the new model yet, and different texts among them: a text is embedded once. */
  readonly passages: number;
  readonly texts: number;
  readonly tokens: number;
  /** Undefined: nobody has named a price for the model. 0 for the bundled one. */
  readonly costUsd: number | undefined;
  /** Of a model on this machine, from some passages that were embedded to find out. */
  readonly seconds: number | undefined;
}

/** Passages whose length stands for all of them. */
const SAMPLED = 200;
/** And whose embedding tells how long the others will take: about a second. */
const TIMED = 16;
/** Twice the time in which processes look which vectors are searched (`vector-spaces.ts`). */
const SERVERS_LOOK_MS = 4000;
/** Calls of a provider at a time. */
const REMOTE_CALLS = 4;

/**
 * `ka reindex`: embeds all passages by the model that the settings name, while the vectors of the other one are searched,
 * then changes over. What was embedded before it was interrupted is kept.
 *
 * @returns the exit code: 0 when the installation's vectors are those of the settings' model.
 */
export async function reindex(config: Config, options: ReindexOptions): Promise<number> {
  const begun = performance.now();
  await prepareRecords(config.database);
  const records = await openRecords(config.database);
  const { db } = records;
  const { embedding } = config;
  const to = fingerprintOf(embedding);
  const embedder = await openForPassages(embedding);
  const usage = createUsageMeter(db, (error) => console.error(`What was spent is not counted: ${error}`));
  const bar = createProgressBar(process.stderr);
  const print = (result: object, line: string) =>
    console.log(options.json ? JSON.stringify(result, undefined, 2) : line);
  const interrupted = new AbortController();
  const stop = () => interrupted.abort(new Error('interrupted: run it again, and it goes on from here'));
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const from = await keepVectorSpace(db, to);
    if (from === to) {
      await clearNextVectors(db);
      print({ from, to, changed: false }, `All vectors are those of ${to}: nothing to do.`);
      return 0;
    }
    const estimate = await estimateWork(db, { from, to, embedding, embedder });
    if (!options.json || options.dryRun) print(estimate, describe(estimate));
    if (options.dryRun) return 0;
    if (!options.yes && estimate.costUsd !== 0 && !(await agreed(estimate))) {
      console.error('Nothing was embedded. Run it with --yes to agree.');
      return 1;
    }
    let done = 0;
    let tokens = 0;
    const fill = () =>
      fillNextSpace(
        {
          db,
          embedder,
          calls: embedding.provider === 'bundled' ? 1 : REMOTE_CALLS,
          spent: (ownerId, paid) => {
            tokens += paid;
            if (ownerId === null) return;
            usage.spend({
              userId: ownerId,
              model: embedding.provider === 'bundled' ? to : embedding.model,
              kind: 'reindex',
              promptTokens: paid,
              completionTokens: 0,
              costUsd: embeddingCostUsd(embedding, paid),
            });
          },
          onProgress: (passages) => {
            done += passages;
            bar.show(done, Math.max(done, estimate.passages), 'passages embedded');
          },
        },
        interrupted.signal,
      );
    // documents come in meanwhile: until nothing is missing at the very moment of the change
    do await fill();
    while (!(await changeOver(config, db, embedder)));
    bar.end();
    await clearNextVectors(db);
    const costUsd = embeddingCostUsd(embedding, tokens);
    const seconds = Math.round((performance.now() - begun) / 1000);
    print(
      { from, to, changed: true, passages: done, tokens, costUsd, seconds },
      `${done} passages are embedded by ${to} in ${seconds} s${costUsd > 0 ? `, for ${usd(costUsd)}` : ''}. Searches use them from now on.`,
    );
    return 0;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    bar.end();
    await embedder.close();
    await usage.flush();
    await records.close();
  }
}

/** As many sessions of the model as there are cores; all of them give way to a server beside. */
async function openForPassages(embedding: EmbeddingConfig): Promise<ReadyEmbedder> {
  const first = await openEmbedder(embedding, modelDir);
  if (embedding.provider !== 'bundled') return first;
  const others = await Promise.all(
    Array.from({ length: availableParallelism() - 1 }, () => openEmbedder(embedding, modelDir)),
  );
  const all = spreadEmbedders([first, ...others]);
  return { ...all, warmUp: first.warmUp, check: first.check };
}

async function estimateWork(
  db: Kysely<Database>,
  {
    from,
    to,
    embedding,
    embedder,
  }: { from: string; to: string; embedding: EmbeddingConfig; embedder: ReadyEmbedder },
): Promise<Estimate> {
  await beginNextSpace(db, to);
  const { passages, texts } = await countWithoutNext(db);
  const sample = (await chunksWithoutNext(db, -1, SAMPLED)).map(textOf);
  const sampledTokens = sample.reduce(
    (sum, text) => sum + Math.min(embedder.maxTokens, estimateTokens(text)),
    0,
  );
  const tokens = sample.length === 0 ? 0 : Math.round((sampledTokens / sample.length) * texts);
  if (embedding.provider === 'bundled') {
    const begun = performance.now();
    const timed = sample.slice(0, TIMED);
    await embedder.warmUp();
    const warm = performance.now();
    await embedder.embed(timed, 'passage');
    const each = timed.length === 0 ? 0 : (performance.now() - warm) / timed.length;
    const seconds = Math.ceil((warm - begun + each * texts) / 1000);
    return { from, to, passages, texts, tokens, costUsd: 0, seconds };
  }
  const known = priceOf(embedding.model, embedding.prices) !== undefined;
  const costUsd = known ? embeddingCostUsd(embedding, tokens) : undefined;
  return { from, to, passages, texts, tokens, costUsd, seconds: undefined };
}

function describe({ from, to, passages, texts, tokens, costUsd, seconds }: Estimate): string {
  const cost =
    costUsd === undefined
      ? 'at a price that is not known (LLM_PRICES names it)'
      : `for about ${usd(costUsd)} by prices of ${PRICES_AS_OF}`;
  return [
    `From ${from}`,
    `to   ${to}:`,
    `  ${passages} passages, ${texts} different texts, about ${tokens} tokens`,
    seconds === undefined ? `  ${cost}` : `  about ${seconds} s on this machine, free of charge`,
    '  Searches go on as they are until all are made.',
  ].join('\n');
}

async function agreed({ costUsd }: Estimate): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const reply = await asking.question(
      `Spend ${costUsd === undefined ? 'it' : `about ${usd(costUsd)}`}? [y/N] `,
    );
    return /^y(es)?$/i.test(reply.trim());
  } finally {
    asking.close();
  }
}

const usd = (value: number): string => `${value < 0.01 ? value.toFixed(5) : value.toFixed(2)} USD`;

/** @returns false when passages came that have no vector yet. */
async function changeOver(
  { vectors }: Config,
  db: Kysely<Database>,
  { fingerprint, dimensions }: ReadyEmbedder,
): Promise<boolean> {
  if (vectors.kind !== 'qdrant') return switchVectorSpace(db, fingerprint);
  const { openQdrant } = await import('../drivers/vector-index/qdrant.ts');
  const { copyNextVectors, createQdrantSync } = await import('../drivers/vector-index/qdrant-sync.ts');
  const prefix = `ka-${await installationId(db)}`;
  const qdrant = openQdrant({ ...vectors, prefix, fingerprint, dimensions });
  try {
    await qdrant.prepare();
    await copyNextVectors(db, qdrant);
    if (!(await switchVectorSpace(db, fingerprint))) return false;
    // what came or went while they were copied
    const sync = createQdrantSync({ db, qdrant });
    await sync.sweep();
    await sync.drain();
    await sync.close();
    const before = await qdrant.live();
    await qdrant.makeLive();
    // by then every process has noticed
    await pause(SERVERS_LOOK_MS);
    if (before !== undefined && before !== qdrant.collection)
      await qdrant.service.call('DELETE', `/collections/${encodeURIComponent(before)}`);
    return true;
  } finally {
    qdrant.close();
  }
}
