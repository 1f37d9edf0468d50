import type { Kysely } from 'kysely';
import type { Embedder } from '../ports/embedder.ts';
import type { Database } from '../ports/schema.ts';
import {
  beginNextSpace,
  type ChunkToEmbed,
  chunksWithoutNext,
  nextVectorsByTextHash,
  putNextVectors,
} from '../records/vector-space.ts';
import { embeddedText, passageOf } from './embed.ts';

export interface FillNextSpace {
  readonly db: Kysely<Database>;
  /** Of the coming space. */
  readonly embedder: Embedder;
  /** Calls of the embedder at a time. */
  readonly calls: number;
  /** Hears of the tokens that a request took, shared out by length among the owners of its passages. */
  readonly spent?: (ownerId: string | null, tokens: number) => void;
  /** So many more passages have their vectors. */
  readonly onProgress?: (passages: number) => void;
}

/**
 * Embeds every passage by the coming model, beside the vectors that are searched. What is stored stays: a run that was
 * killed goes on behind it, and a text that stands in many passages is embedded once.
 *
 * @throws UpstreamError of the embedder.
 */
export async function fillNextSpace(ports: FillNextSpace, signal: AbortSignal): Promise<void> {
  const { db, embedder, calls, onProgress = () => {} } = ports;
  await beginNextSpace(db, embedder.fingerprint);
  for (let behind = -1; ; ) {
    signal.throwIfAborted();
    const chunks = await chunksWithoutNext(db, behind, calls * embedder.maxTextsPerCall);
    const last = chunks.at(-1);
    if (last === undefined) return;
    await embedAndStore(ports, chunks, signal);
    onProgress(chunks.length);
    behind = Number(last.key);
  }
}

/** Each call's vectors are stored as they come: what was paid for is not lost when another call fails. */
async function embedAndStore(
  { db, embedder, spent = () => {} }: FillNextSpace,
  chunks: readonly ChunkToEmbed[],
  signal: AbortSignal,
): Promise<void> {
  const byHash = Map.groupBy(chunks, ({ text_hash }) => text_hash);
  const store = (vectors: ReadonlyMap<string, Float32Array>) =>
    db.transaction().execute((tx) =>
      putNextVectors(
        tx,
        embedder.fingerprint,
        [...vectors].flatMap(([hash, vector]) =>
          (byHash.get(hash) ?? []).map(({ key }) => ({ key, vector })),
        ),
      ),
    );
  const known = await nextVectorsByTextHash(db, byHash.keys());
  if (known.size > 0) await store(known);
  const missing = [...byHash].filter(([hash]) => !known.has(hash));
  const most = embedder.maxTextsPerCall;
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const calls = Array.from({ length: Math.ceil(missing.length / most) }, async (_, i) => {
    const part = missing.slice(i * most, (i + 1) * most);
    const texts = part.map(([, [first]]) => textOf(first as ChunkToEmbed));
    const made = await embedder.embed(texts, 'passage', stop, (tokens) =>
      shareOut(
        tokens,
        part.map(([, [first]]) => first as ChunkToEmbed),
        spent,
      ),
    );
    await store(new Map(part.map(([hash], n) => [hash, made[n] as Float32Array])));
  });
  await Promise.all(calls).catch(async (error: unknown) => {
    failed.abort(error);
    await Promise.allSettled(calls);
    throw error;
  });
}

/** Whole tokens, by the lengths of the owners' passages: a provider tells no more than the sum of a request. */
function shareOut(
  tokens: number,
  chunks: readonly ChunkToEmbed[],
  spent: NonNullable<FillNextSpace['spent']>,
): void {
  const total = chunks.reduce((sum, { token_count }) => sum + token_count, 0);
  let length = 0;
  let shared = 0;
  for (const [ownerId, own] of Map.groupBy(chunks, ({ owner_id }) => owner_id)) {
    for (const { token_count } of own) length += token_count;
    const upToHere = Math.round((tokens * length) / total);
    spent(ownerId, upToHere - shared);
    shared = upToHere;
  }
}

export const textOf = (chunk: ChunkToEmbed): string => embeddedText(chunk.title, passageOf(chunk));
