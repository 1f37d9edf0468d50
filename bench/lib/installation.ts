import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUNDLED_DIMENSIONS, BUNDLED_FINGERPRINT } from '../../src/server/drivers/embedder/model-folder.ts';
import { indexCorpus } from '../../src/server/eval/index-corpus.ts';
import { createAccessTokens } from '../../src/server/http/access-token.ts';
import { keptSecret } from '../../src/server/http/jwt-secret.ts';
import { createPasswords } from '../../src/server/http/passwords.ts';
import { startSession } from '../../src/server/records/sessions.ts';
import { openSqlite, prepareSqlite } from '../../src/server/records/sqlite.ts';
import { prose } from './documents.ts';
import { BENCH_USER } from './server.ts';
import { eachVector } from './vectors.ts';

export interface MadeInstallation {
  readonly dataDir: string;
  readonly email: string;
  /** Access tokens, one a user; good for a quarter of an hour. The first user is `email`. */
  readonly tokens: readonly string[];
  /** Words that stand in the documents. */
  readonly words: readonly string[];
  readonly chunks: number;
  remove(): Promise<void>;
}

/** About what the chunker makes of the prose: measured, so that the number asked for is met. */
const CHARACTERS_PER_CHUNK = 890;
const CHUNKS_PER_DOCUMENT = 20;

/**
 * A data folder as a running installation leaves it, with about so many passages, shared out evenly among the
 * users, each with a library of their own. Everything is written by the product's own code, except that the
 * vectors are made up: embedding them would take minutes.
 */
export async function makeInstallation(
  chunks: number,
  { chunksPerDocument = CHUNKS_PER_DOCUMENT, users = 1 } = {},
): Promise<MadeInstallation> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ka-bench-installation-'));
  const databasePath = join(dataDir, 'knowledge.db');
  prepareSqlite(databasePath);
  const connection = openSqlite(databasePath);
  connection.raw.pragma('synchronous = off');
  const tokens = createAccessTokens([keptSecret(dataDir)]);
  const words = new Set<string>();
  const vectors = eachVector({ count: Number.POSITIVE_INFINITY, dimensions: BUNDLED_DIMENSIONS, seed: 11 });
  const embedder = {
    fingerprint: BUNDLED_FINGERPRINT,
    fill: async () => {},
    embed: async (texts: readonly string[]) => texts.map(() => vectors.next().value as Float32Array),
  };
  const made: { token: string; chunks: number }[] = [];
  try {
    const each = Math.max(1, Math.round(chunks / users / chunksPerDocument));
    for (let user = 0; user < users; user++) {
      const documents = Array.from({ length: each }, (_, i) => {
        const paragraphs = prose(CHARACTERS_PER_CHUNK * chunksPerDocument, user * each + i + 1);
        for (const word of (paragraphs[0] ?? '').split(/\W+/))
          if (word.length > 6 && words.size < 500) words.add(word);
        return { id: `d${i}`, title: `Report ${i}`, text: paragraphs.join('\n\n') };
      });
      const email = user === 0 ? BENCH_USER.email : `bench-${user}@example.org`;
      const indexed = await indexCorpus(connection, embedder, documents, () => {}, email);
      const { sessionId } = await connection.db
        .transaction()
        .execute((tx) => startSession(tx, indexed.userId));
      made.push({ token: tokens.sign({ userId: indexed.userId, sessionId }), chunks: indexed.chunks });
    }
    await connection.db
      .updateTable('users')
      .set({ password_hash: await createPasswords().hash(BENCH_USER.password) })
      .where('email', '=', BENCH_USER.email)
      .execute();
    return {
      dataDir,
      email: BENCH_USER.email,
      tokens: made.map(({ token }) => token),
      words: [...words],
      chunks: made.reduce((sum, { chunks: own }) => sum + own, 0),
      remove: () => rm(dataDir, { recursive: true, force: true }),
    };
  } finally {
    await connection.close();
  }
}
