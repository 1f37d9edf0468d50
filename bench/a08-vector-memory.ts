import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteVectorWriter } from '../src/server/drivers/vector-index/sqlite-writer.ts';
import { chunkKey } from '../src/server/ports/search-scope.ts';
import { openSqlite, prepareSqlite } from '../src/server/records/sqlite.ts';
import { startSearchThread } from '../src/server/threads/start-search-thread.ts';
import { type Bench, round } from './lib/row.ts';
import { eachVector } from './lib/vectors.ts';

const MB = 1024 * 1024;
const DIMENSIONS = 384;
const DOCUMENTS = 10_000;
const CHUNKS_PER_DOCUMENT = 20;
const ROWS = DOCUMENTS * CHUNKS_PER_DOCUMENT;
const ROWS_PER_TRANSACTION = 5_000;
const TARGET_MB = 128;
const COLLECTION = 1;

/**
 * What the vectors of 10,000 documents take in memory: growth of the process's resident set by the first search,
 * which loads them, so that row tables and the reader's own needs count as well as the codes.
 */
export const bench: Bench = {
  id: 'A8',
  async run({ log }) {
    const folder = mkdtempSync(join(tmpdir(), 'ka-bench-a08-'));
    const databasePath = join(folder, 'ka.sqlite');
    prepareSqlite(databasePath);
    try {
      log(`storing ${ROWS} vectors`);
      await store(databasePath);
      const thread = startSearchThread({
        records: { kind: 'sqlite', path: databasePath },
        dimensions: DIMENSIONS,
        memoryLimitBytes: 2 ** 30,
      });
      try {
        await thread.ready;
        const [query] = eachVector({ count: 1, dimensions: DIMENSIONS, seed: 8, stream: 1 });
        const before = process.memoryUsage.rss();
        await thread.vectors.search(query as Float32Array, 10, {
          collections: [{ no: COLLECTION, generation: 1 }],
        });
        const grown = process.memoryUsage.rss() - before;
        const { loadedRows, loadedBytes } = await thread.vectors.stats();
        // memory that the storing gave back in between would hide some growth, never the codes themselves
        const bytes = Math.max(grown, loadedBytes);
        return [
          {
            id: 'A8',
            name: `vectors of ${DOCUMENTS} documents in memory`,
            target: `< ${TARGET_MB} MB`,
            figure: round(bytes / MB, 1),
            unit: 'MB',
            ok: bytes < TARGET_MB * MB && loadedRows === ROWS,
            detail: `resident set +${round(grown / MB, 1)} MB by the first search; codes and scales ${round(loadedBytes / MB, 1)} MB for ${loadedRows} rows of ${DIMENSIONS}`,
          },
        ];
      } finally {
        await thread.close();
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

async function store(databasePath: string): Promise<void> {
  const { db, raw, close } = openSqlite(databasePath);
  raw.pragma('synchronous = OFF');
  const writer = createSqliteVectorWriter(raw);
  const vectors = eachVector({ count: ROWS, dimensions: DIMENSIONS, seed: 8 });
  for (let first = 0; first < ROWS; first += ROWS_PER_TRANSACTION) {
    const points = Array.from({ length: ROWS_PER_TRANSACTION }, (_, i) => ({
      key: chunkKey(COLLECTION, first + i),
      vector: vectors.next().value as Float32Array,
    }));
    await db.transaction().execute((tx) => writer.put(tx, points));
  }
  await close();
}
