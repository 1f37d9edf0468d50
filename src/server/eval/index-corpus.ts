import { createHash } from 'node:crypto';
import { createSqliteTextWriter } from '../drivers/text-index/sqlite-writer.ts';
import { createSqliteVectorWriter } from '../drivers/vector-index/sqlite-writer.ts';
import { type Chunk, chunkDocument } from '../ingest/chunk.ts';
import { embeddedText } from '../ingest/embed.ts';
import { type Build, prepareChunk } from '../ingest/write-revision.ts';
import { insertChunks } from '../records/chunks.ts';
import { homeCollection } from '../records/collections.ts';
import { newId, now } from '../records/ids.ts';
import { insertPages, pageParts } from '../records/pages.ts';
import type { SqliteConnection } from '../records/sqlite.ts';
import { titled } from '../records/title-key.ts';
import { createUser } from '../records/users.ts';
import { detectLanguage } from '../text/language.ts';
import type { EvalDocument } from './beir.ts';
import type { KeptVectors } from './kept-vectors.ts';

/** An installation with one user and one collection that holds the corpus. */
export interface IndexedCorpus {
  readonly userId: string;
  readonly collectionId: string;
  readonly chunks: number;
  /** The set's name of a document for the installation's id, and the other way round. */
  readonly nameOf: ReadonlyMap<string, string>;
  readonly idOf: ReadonlyMap<string, string>;
}

/** Documents of one transaction. */
const BATCH = 200;

/**
 * Takes a corpus in, one document each, by the chunker, analyser, embedder and index writers of the product;
 * only the way through upload, jobs and parsers is left out.
 */
export async function indexCorpus(
  { db, raw }: SqliteConnection,
  embedder: Pick<KeptVectors, 'fill' | 'embed'>,
  documents: readonly EvalDocument[],
  log: (line: string) => void,
  email = 'eval@example.org',
): Promise<IndexedCorpus> {
  const user = await db
    .transaction()
    .execute((tx) => createUser(tx, { email, name: 'Evaluation', passwordHash: '', mayRegister: true }));
  const collection = await homeCollection(db, user.id);
  const texts = createSqliteTextWriter(raw);
  const vectors = createSqliteVectorWriter(raw);
  const drafts = documents.filter(({ text }) => text.trim() !== '').map(readDocument);
  const toEmbed = drafts.flatMap(({ title, chunks }) => chunks.map((chunk) => embeddedText(title, chunk)));
  let told = 0;
  await embedder.fill(toEmbed, (done, total) => {
    const tenth = Math.floor((10 * done) / total);
    if (tenth > told) log(`embedded ${done} of ${total}`);
    told = Math.max(told, tenth);
  });

  let ordinal = 0;
  for (let at = 0; at < drafts.length; at += BATCH) {
    const batch = drafts.slice(at, at + BATCH);
    const batchVectors = await embedder.embed(
      batch.flatMap(({ title, chunks }) => chunks.map((chunk) => embeddedText(title, chunk))),
      'passage',
    );
    await db.transaction().execute(async (tx) => {
      let next = 0;
      for (const draft of batch) {
        const build = buildOf(draft, collection, ordinal);
        ordinal += draft.chunks.length;
        const prepared = draft.chunks.map((chunk) => prepareChunk(build, chunk));
        await tx
          .insertInto('documents')
          .values(documentRow(draft, build, user.id))
          .execute();
        await insertPages(
          tx,
          [...pageParts(1, draft.text)].map((part) => ({ document_id: draft.id, revision: 1, ...part })),
        );
        await insertChunks(
          tx,
          prepared.map(({ row }) => row),
        );
        await texts.add(
          tx,
          collection.no,
          prepared.map(({ entry }) => entry),
        );
        await vectors.put(
          tx,
          prepared.map(({ row }) => ({ key: row.key, vector: batchVectors[next++] as Float32Array })),
        );
      }
      await tx
        .updateTable('collections')
        .set({ next_ordinal: ordinal, document_count: at + batch.length, generation: at + batch.length })
        .where('id', '=', collection.id)
        .execute();
    });
  }
  return {
    userId: user.id,
    collectionId: collection.id,
    chunks: ordinal,
    nameOf: new Map(drafts.map(({ id, name }) => [id, name])),
    idOf: new Map(drafts.map(({ id, name }) => [name, id])),
  };
}

interface Draft {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly text: string;
  readonly language: string;
  readonly chunks: readonly Chunk[];
}

function readDocument({ id: name, title, text: written }: EvalDocument): Draft {
  const text = written.normalize('NFC').trim();
  const chunks = chunkDocument([
    { number: 1, text, blocks: [{ kind: 'paragraph', start: 0, end: text.length }] },
  ]);
  return { id: newId(), name, title, text, language: detectLanguage(text), chunks };
}

const buildOf = (
  { id, title, language }: Draft,
  { id: collectionId, no: collectionNo }: { id: string; no: number },
  firstOrdinal: number,
): Build => ({
  documentId: id,
  collectionId,
  revision: 1,
  collectionNo,
  firstOrdinal,
  title,
  language,
});

function documentRow(
  { id, name, title, text, language, chunks }: Draft,
  { collectionId, firstOrdinal }: Build,
  ownerId: string,
) {
  const at = now();
  return {
    id,
    collection_id: collectionId,
    owner_id: ownerId,
    ...titled(title),
    filename: `${name}.txt`,
    mime_type: 'text/plain',
    size_bytes: Buffer.byteLength(text),
    // two documents of a corpus may hold the same text
    sha256: createHash('sha256').update(`${name}\0${text}`).digest('hex'),
    storage_key: id,
    source_url: null,
    status: 'ready' as const,
    error_code: null,
    error_detail: null,
    tags: '[]',
    language,
    page_count: 1,
    token_count: chunks.reduce((sum, { tokenCount }) => sum + tokenCount, 0),
    revision: 1,
    build_revision: 1,
    first_ordinal: firstOrdinal,
    chunk_count: chunks.length,
    created_at: at,
    updated_at: at,
    ready_at: at,
  };
}
