import type { Kysely } from 'kysely';
import { faultPoint } from '../fault-point.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { Database, RevisionRow } from '../ports/schema.ts';
import type { VectorWriter } from '../ports/vector-index.ts';
import { chunksWithoutVector, type StoredChunk, vectorsByTextHash } from '../records/chunks.ts';
import { needBuild } from '../records/document-progress.ts';
import { needVectorSpace } from '../records/vector-space.ts';
import { span } from '../tracing.ts';
import { embeddedText, passageOf, textHash } from './embed.ts';
import type { GiveWay } from './give-way.ts';
import type { Progress } from './progress.ts';

export interface EmbedPorts {
  readonly db: Kysely<Database>;
  readonly embedder: Embedder;
  readonly vectors: VectorWriter;
  readonly giveWay: GiveWay;
  /** Puts aside what a document's vectors may cost; `settle` counts the tokens that were paid. */
  readonly charge?: ((documentId: string, texts: readonly string[]) => Promise<Charge>) | undefined;
}

interface Charge {
  settle(tokens: number): void;
}

/**
 * So many passages are stored in one transaction. Where they are embedded one by one, so much is lost at most when the
 * process dies, and so long at most does a cancellation wait.
 */
const BATCH = 16;
/** After so many passages another document has its turn. */
const SLICE = 512;

const FREE: Charge = { settle() {} };

export type Embedded =
  | { readonly outcome: 'complete' }
  /** The slice is used up; the next one goes on here. */
  | { readonly outcome: 'more'; readonly fromSeq: number }
  /** The chunks were made for another embedder or by another chunker: the document must be read again. */
  | { readonly outcome: 'outdated' };

/**
 * Gives vectors to the chunks of a revision that have none, each text once: one that any chunk of any
 * collection has a vector for is not embedded again.
 * @throws BuildSuperseded, AppError BUDGET_EXCEEDED, and UpstreamError of the embedder; what has been stored by then stays.
 */
export async function embedRevision(
  { db, embedder, vectors, giveWay, charge = async () => FREE }: EmbedPorts,
  revision: RevisionRow,
  fromSeq: number,
  progress: Progress,
  signal: AbortSignal,
): Promise<Embedded> {
  const { document_id: documentId, revision: number } = revision;
  const limit = Math.min(embedder.textsPerRequest ?? BATCH, embedder.maxTextsPerCall);
  let from = fromSeq;
  for (let done = 0; done < SLICE; ) {
    signal.throwIfAborted();
    let begunMs = performance.now();
    const chunks = await chunksWithoutVector(db, { documentId, revision: number, fromSeq: from, limit });
    const last = chunks.at(-1);
    if (last === undefined) return { outcome: 'complete' };
    const texts = chunks.map((chunk) => embeddedText(revision.title, passageOf(chunk)));
    if (textHash(texts[0] as string) !== chunks[0]?.text_hash) return { outcome: 'outdated' };

    const found = await span(
      'embed passages',
      () => vectorsOf({ db, embedder }, chunks, texts, signal, (missing) => charge(documentId, missing)),
      {
        passages: chunks.length,
      },
    );
    faultPoint('passages-embedded');
    for (let at = 0; at < chunks.length; at += BATCH) {
      const part = chunks.slice(at, at + BATCH);
      const { seq } = part.at(-1) ?? last;
      await db.transaction().execute(async (tx) => {
        await needBuild(tx, documentId, number);
        await needVectorSpace(tx, embedder.fingerprint);
        await vectors.put(
          tx,
          part.map(({ key, text_hash }) => ({ key, vector: found.get(text_hash) as Float32Array })),
        );
        await progress.step(tx, 'embedding', 30 + Math.floor((70 * (seq + 1)) / revision.chunk_count));
      });
      faultPoint('vectors-written');
      progress.publish();
      await giveWay(performance.now() - begunMs);
      begunMs = performance.now();
    }
    from = last.seq + 1;
    done += chunks.length;
  }
  return { outcome: 'more', fromSeq: from };
}

async function vectorsOf(
  { db, embedder }: Pick<EmbedPorts, 'db' | 'embedder'>,
  chunks: readonly StoredChunk[],
  texts: readonly string[],
  signal: AbortSignal,
  charge: (texts: readonly string[]) => Promise<Charge>,
): Promise<Map<string, Float32Array>> {
  const found = await vectorsByTextHash(
    db,
    chunks.map(({ text_hash }) => text_hash),
    embedder.dimensions,
  );
  const missing = new Map<string, string>();
  for (const [i, { text_hash }] of chunks.entries())
    if (!found.has(text_hash)) missing.set(text_hash, texts[i] as string);
  if (missing.size === 0) return found;
  const charged = await charge([...missing.values()]);
  let paid = 0;
  try {
    const vectors = await embedder.embed([...missing.values()], 'passage', signal, (tokens) => {
      paid += tokens;
    });
    for (const [i, hash] of [...missing.keys()].entries()) found.set(hash, vectors[i] as Float32Array);
    return found;
  } finally {
    charged.settle(paid);
  }
}
