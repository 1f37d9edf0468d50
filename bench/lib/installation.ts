import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUNDLED_DIMENSIONS, BUNDLED_FINGERPRINT } from '../../src/server/drivers/embedder/model-folder.ts';
import { indexCorpus } from '../../src/server/eval/index-corpus.ts';
import { createPasswords } from '../../src/server/http/passwords.ts';
import { openSqlite, prepareSqlite } from '../../src/server/records/sqlite.ts';
import { prose } from './documents.ts';
import { BENCH_USER } from './server.ts';
import { eachVector } from './vectors.ts';

export interface MadeInstallation {
  readonly dataDir: string;
  readonly email: string;
  /** Words that stand in the documents. */
  readonly words: readonly string[];
  readonly chunks: number;
  remove(): Promise<void>;
}

/** About what the chunker makes of the prose: measured, so that the number asked for is met. */
const CHARACTERS_PER_CHUNK = 890;
const CHUNKS_PER_DOCUMENT = 20;

/**
 * A data folder as a running installation leaves it, with about so many passages. Everything is written by the
 * product's own code, except that the vectors are made up: embedding them would take minutes.
 */
export async function makeInstallation(
  chunks: number,
  chunksPerDocument = CHUNKS_PER_DOCUMENT,
): Promise<MadeInstallation> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ka-bench-installation-'));
  const databasePath = join(dataDir, 'knowledge.db');
  prepareSqlite(databasePath);
  const connection = openSqlite(databasePath);
  const words = new Set<string>();
  try {
    const documents = Array.from({ length: Math.ceil(chunks / chunksPerDocument) }, (_, i) => {
      const paragraphs = prose(CHARACTERS_PER_CHUNK * chunksPerDocument, i + 1);
      for (const word of (paragraphs[0] ?? '').split(/\W+/))
        if (word.length > 6 && words.size < 500) words.add(word);
      return { id: `d${i}`, title: `Report ${i}`, text: paragraphs.join('\n\n') };
    });
    const vectors = eachVector({ count: Number.POSITIVE_INFINITY, dimensions: BUNDLED_DIMENSIONS, seed: 11 });
    const indexed = await indexCorpus(
      connection,
      {
        fingerprint: BUNDLED_FINGERPRINT,
        fill: async () => {},
        embed: async (texts: readonly string[]) => texts.map(() => vectors.next().value as Float32Array),
      },
      documents,
      () => {},
    );
    await connection.db
      .updateTable('users')
      .set({ email: BENCH_USER.email, password_hash: await createPasswords().hash(BENCH_USER.password) })
      .where('id', '=', indexed.userId)
      .execute();
    return {
      dataDir,
      email: BENCH_USER.email,
      words: [...words],
      chunks: indexed.chunks,
      remove: () => rm(dataDir, { recursive: true, force: true }),
    };
  } finally {
    await connection.close();
  }
}
