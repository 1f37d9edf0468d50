import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createLocalEvents } from '../../src/server/drivers/events/local.ts';
import { createDiskFileStore } from '../../src/server/drivers/file-store/disk.ts';
import { createSqliteJobQueue } from '../../src/server/drivers/job-queue/sqlite.ts';
import { createSqliteTextWriter } from '../../src/server/drivers/text-index/sqlite-writer.ts';
import { AppError } from '../../src/server/errors.ts';
import type { GiveWay } from '../../src/server/ingest/give-way.ts';
import { inOnePart } from '../../src/server/ingest/in-one-part.ts';
import { createPipeline, type PipelinePorts } from '../../src/server/ingest/pipeline.ts';
import { createPurge } from '../../src/server/ingest/purge.ts';
import { type Runner, startRunner } from '../../src/server/jobs/runner.ts';
import type { Embedder } from '../../src/server/ports/embedder.ts';
import type { JobKind } from '../../src/server/ports/job-queue.ts';
import type { Block, ParsedPage, ParsedPart, Parser } from '../../src/server/ports/parser.ts';
import { chunkKey } from '../../src/server/ports/search-scope.ts';
import type { VectorWriter } from '../../src/server/ports/vector-index.ts';
import { newId, now } from '../../src/server/records/ids.ts';
import { takeIn } from '../../src/server/records/intake.ts';
import { openSqlite, prepareSqlite, type SqliteConnection } from '../../src/server/records/sqlite.ts';

/** Everything that ingest needs on a real database and real files, with a plain parser and a made-up embedder. */
export type IngestHouse = Awaited<ReturnType<typeof openIngestHouse>>;

export const ALL_KINDS: readonly JobKind[] = ['ingest', 'embed', 'ocr', 'purge', 'purge-collection'];

export async function openIngestHouse(
  options: {
    dir?: string;
    embedder?: Embedder;
    parser?: Parser;
    vectors?: (raw: SqliteConnection['raw']) => VectorWriter;
    giveWay?: GiveWay;
    pictures?: PipelinePorts['pictures'];
  } = {},
) {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'ingest-'));
  const path = join(dir, 'ka.sqlite');
  prepareSqlite(path);
  const { db, raw, close: closeDatabase } = openSqlite(path);
  const events = createLocalEvents({ name: dir });
  let passed = 0;
  const queue = createSqliteJobQueue({ db, events, ahead: () => passed });
  const files = createDiskFileStore({ dir: join(dir, 'files') });
  const embedder = options.embedder ?? fakeEmbedder();
  const ports = {
    db,
    queue,
    events,
    files,
    parser: options.parser ?? plainParser(),
    embedder,
    vectors: options.vectors?.(raw) ?? plainVectorWriter(),
    texts: createSqliteTextWriter(raw),
    giveWay: options.giveWay ?? (async () => {}),
    ...(options.pictures ? { pictures: options.pictures } : {}),
  };
  const handlers = { ...createPipeline(ports), ...createPurge(ports) };
  const runners: Runner[] = [];

  return {
    ...ports,
    raw,
    dir,
    path,
    handlers,
    /** Moves the queue's clock: what was put off becomes due. */
    pass(ms: number) {
      passed += ms;
    },
    run(concurrency = 2, onFault?: (job: unknown, error: unknown) => void): Runner {
      const runner = startRunner({
        db,
        queue,
        handlers,
        lanes: [
          { kinds: ['ingest'], concurrency },
          { kinds: ['embed'], concurrency: 1 },
          { kinds: ['ocr'], concurrency: 1 },
          { kinds: ['purge', 'purge-collection'], concurrency: 1 },
        ],
        ...(onFault ? { onFault } : {}),
      });
      runners.push(runner);
      return runner;
    },
    /** Runs until nothing waits or runs. */
    async settle(concurrency = 2): Promise<void> {
      const faults: unknown[] = [];
      const runner = this.run(concurrency, (_job, error) => faults.push(error));
      for (;;) {
        const { queued, running } = await queue.depth();
        if (queued + running === 0 && runner.running() === 0) break;
        if (faults.length > 0) break;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      await runner.stop(5_000);
      if (faults.length > 0) throw faults[0];
    },
    async addUser(): Promise<string> {
      const id = newId();
      await db
        .insertInto('users')
        .values({
          id,
          email: `${id}@example.org`,
          name: 'Somebody',
          role: 'user',
          password_hash: '',
          suspended: 0,
          quota_mb: null,
          monthly_budget_usd: null,
          daily_budget_usd: null,
          created_at: now(),
          updated_at: now(),
        })
        .execute();
      return id;
    },
    async addCollection(ownerId: string): Promise<string> {
      const id = newId();
      await db
        .insertInto('collections')
        .values({
          id,
          owner_id: ownerId,
          name: 'Library',
          generation: 0,
          next_ordinal: 0,
          document_count: 0,
          created_at: now(),
          updated_at: now(),
        })
        .execute();
      return id;
    },
    /** Stores a text and takes it in. */
    async add(
      userId: string,
      collectionId: string,
      texts: Record<string, string>,
      more: { title?: string; tags?: string[] } = {},
    ) {
      const taken = [];
      for (const [filename, text] of Object.entries(texts)) {
        const stored = await files.put(Readable.from([Buffer.from(text)]), 100_000_000);
        taken.push({ collectionId, filename, stored, ...more });
      }
      const result = await takeIn(db, queue, { userId, files: taken });
      for (const { stored } of taken) {
        if (!result.documents.some(({ row }) => row.storage_key === stored.key))
          await files.remove(stored.key);
      }
      return result;
    },
    document: (id: string) =>
      db.selectFrom('documents').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    generation: async (collectionId: string) =>
      (
        await db
          .selectFrom('collections')
          .select('generation')
          .where('id', '=', collectionId)
          .executeTakeFirstOrThrow()
      ).generation,
    storedFiles: () =>
      readdirSync(join(dir, 'files'), { recursive: true, encoding: 'utf8' }).filter((name) =>
        statSync(join(dir, 'files', name)).isFile(),
      ),
    async close({ keep = false } = {}) {
      for (const runner of runners) await runner.stop(5_000);
      await queue.close();
      await events.close();
      await closeDatabase();
      if (!keep) rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Pages end with a form feed; a line `# …` or `## …` is a heading, an empty line ends a paragraph. */
export function plainParser(): Parser {
  return {
    async *parse({ path }, signal) {
      signal?.throwIfAborted();
      const source = readFileSync(path, 'utf8');
      if (source.startsWith('BROKEN')) throw new AppError('FILE_BROKEN', 'The file is damaged.');
      const pages = source
        .split('\f')
        .map((text, i): ParsedPage => ({ number: i + 1, text, blocks: [...plainBlocks(text)] }));
      const title = /^# (.+)$/m.exec(source)?.[1];
      const named = title === undefined ? {} : { title };
      yield { mimeType: 'text/plain', ...named, pageCount: pages.length, pages, last: true };
    },
    async close() {},
  };
}

/** Gives out what `parser` reads in parts of so many pages. */
export function inParts(parser: Parser, pagesPerPart: number) {
  const cut = {
    ...parser,
    /** Called before each part but the first; may throw or wait. */
    before: async (_firstPage: number): Promise<void> => {},
    async *parse(...call: Parameters<Parser['parse']>): AsyncGenerator<ParsedPart> {
      const { pages, ...head } = await inOnePart(parser.parse(...call));
      for (let from = 0; from < pages.length; from += pagesPerPart) {
        if (from > 0) await cut.before(from + 1);
        call[1]?.throwIfAborted();
        const last = from + pagesPerPart >= pages.length;
        yield { ...head, pages: pages.slice(from, from + pagesPerPart), last };
      }
    },
  };
  return cut;
}

function* plainBlocks(text: string): Generator<Block> {
  for (const { index: start, 0: paragraph } of text.matchAll(/\S(?:[^\n]|\n(?!\n))*/g)) {
    const end = start + paragraph.length;
    const level = /^#+/.exec(paragraph)?.[0].length;
    if (level === undefined) yield { kind: 'paragraph', start, end };
    else yield { kind: 'heading', level: level as 1, start, end };
  }
}

/** A vector from the text's hash: equal texts, equal vectors. Counts what it was asked. */
export function fakeEmbedder(fingerprint = 'fake/1') {
  const embedder = {
    fingerprint,
    dimensions: 8,
    maxTokens: 256,
    maxTextsPerCall: 4,
    texts: [] as string[],
    /** Called before each answer; may throw or wait. */
    before: async (_texts: readonly string[], _signal?: AbortSignal): Promise<void> => {},
    async embed(
      texts: readonly string[],
      _purpose: 'query' | 'passage',
      signal?: AbortSignal,
    ): Promise<Float32Array[]> {
      await embedder.before(texts, signal);
      signal?.throwIfAborted();
      embedder.texts.push(...texts);
      return texts.map(fakeVector);
    },
    async close() {},
  };
  return embedder satisfies Embedder;
}

export function fakeVector(text: string): Float32Array {
  const bytes = createHash('sha256').update(text).digest();
  const vector = Float32Array.from({ length: 8 }, (_, i) => (bytes[i] as number) - 127.5);
  const length = Math.hypot(...vector);
  return vector.map((x) => x / length);
}

/** Vectors as rows, nothing else. */
function plainVectorWriter(): VectorWriter {
  return {
    async put(tx, points) {
      for (const { key, vector } of points) {
        const data = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
        await tx
          .insertInto('vectors')
          .values({ key, data })
          .onConflict((c) => c.column('key').doUpdateSet({ data }))
          .execute();
      }
    },
    async removeRange(tx, no, first, count) {
      await tx
        .deleteFrom('vectors')
        .where('key', '>=', chunkKey(no, first))
        .where('key', '<', chunkKey(no, first + count))
        .execute();
    },
    async removeCollection(tx, no) {
      await tx
        .deleteFrom('vectors')
        .where('key', '>=', chunkKey(no, 0))
        .where('key', '<', chunkKey(no + 1, 0))
        .execute();
    },
  };
}
