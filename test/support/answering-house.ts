import type { Answer, AnswerEvent, QueryRequest } from '../../src/contract/query.ts';
import type { SearchRequest } from '../../src/contract/search.ts';
import type { AnswerModel } from '../../src/server/answer/answer-model.ts';
import { createAnswering } from '../../src/server/answer/answering.ts';
import { createMemoryCache } from '../../src/server/drivers/cache/memory.ts';
import { createSqliteVectorWriter } from '../../src/server/drivers/vector-index/sqlite-writer.ts';
import type { Admission } from '../../src/server/ports/admission.ts';
import type { Embedder } from '../../src/server/ports/embedder.ts';
import type { TextReader } from '../../src/server/ports/text-index.ts';
import type { VectorReader } from '../../src/server/ports/vector-index.ts';
import { startSearchThread } from '../../src/server/threads/start-search-thread.ts';
import { openIngestHouse } from './ingest-house.ts';

/** Ingest, the search thread and answering over one real database, with every call of an index counted. */
export type AnsweringHouse = Awaited<ReturnType<typeof openAnsweringHouse>>;

const never = new AbortController().signal;

/**
 * @param admit throws when nothing new may be worked out.
 * @param enter gives places for what is worked out.
 */
export async function openAnsweringHouse(
  embedder: Embedder,
  {
    model,
    admit = () => {},
    enter,
  }: { model?: AnswerModel; admit?: () => void; enter?: Admission['enter'] } = {},
) {
  const ingest = await openIngestHouse({ embedder, vectors: createSqliteVectorWriter });
  const thread = startSearchThread({
    records: { kind: 'sqlite', path: ingest.path },
    dimensions: embedder.dimensions,
    memoryLimitBytes: 64 * 2 ** 20,
  });
  await thread.ready;
  const calls = { vectors: 0, texts: 0, embeds: 0 };
  const faults: { score?: Error } = {};
  const vectors: VectorReader = {
    ...thread.vectors,
    async search(...search) {
      calls.vectors++;
      // nothing is near, so that what words find is asked for
      return faults.score === undefined ? thread.vectors.search(...search) : [];
    },
    async score(...asked) {
      if (faults.score !== undefined) throw faults.score;
      return thread.vectors.score(...asked);
    },
  };
  const texts: TextReader = {
    ...thread.texts,
    search: (...search) => {
      calls.texts++;
      return thread.texts.search(...search);
    },
  };
  const counted: Embedder = {
    ...embedder,
    embed: (...work) => {
      calls.embeds++;
      return embedder.embed(...work);
    },
  };
  const cache = createMemoryCache({ maxEntries: 1000, maxBytes: 16 * 2 ** 20 });
  const answering = createAnswering({
    db: ingest.db,
    vectors,
    texts,
    embedder: counted,
    cache,
    ...(model === undefined ? {} : { model }),
    settings: { queryTtlMs: 60_000, answerTtlMs: 60_000, embeddingEntries: 100, embeddingBytes: 2 ** 20 },
    admit,
    ...(enter === undefined ? {} : { enter }),
  });
  return {
    ingest,
    answering,
    cache,
    calls,
    /** What readers throw while it is set. */
    faults,
    search: (userId: string, query: string, more: Partial<SearchRequest> = {}, signal = never) =>
      answering.search(userId, { query, limit: 10, mode: 'hybrid', ...more }, signal),
    async ask(
      userId: string,
      query: string,
      more: Partial<QueryRequest> = {},
      signal = never,
    ): Promise<Answer> {
      const events = await this.events(userId, query, more, signal);
      const last = events.at(-1);
      if (last?.type !== 'done') throw new Error('the last event is not the whole answer');
      return last.answer;
    },
    async events(
      userId: string,
      query: string,
      more: Partial<QueryRequest> = {},
      signal = never,
    ): Promise<AnswerEvent[]> {
      const events: AnswerEvent[] = [];
      for await (const event of answering.ask(userId, { query, limit: 10, ...more }, signal))
        events.push(event);
      return events;
    },
    /** A new user with a collection that holds the texts, indexed but for vectors unless wanted. */
    async userWith(
      documents: Record<string, string>,
    ): Promise<{ userId: string; collectionId: string; documentIds: string[] }> {
      const userId = await ingest.addUser();
      const collectionId = await ingest.addCollection(userId);
      const { documents: taken } = await ingest.add(userId, collectionId, documents);
      await ingest.settle();
      return { userId, collectionId, documentIds: taken.map(({ row }) => row.id) };
    },
    async close() {
      await thread.close();
      await ingest.close();
      await embedder.close();
    },
  };
}
