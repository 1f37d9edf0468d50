import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { Embedder } from '../ports/embedder.ts';

export interface KeptVectors extends Embedder {
  /** Makes the vectors that are not kept yet, in both of the embedder's lanes at once. */
  fill(texts: readonly string[], onProgress?: (done: number, total: number) => void): Promise<void>;
}

/**
 * An embedder that keeps what it made in a folder, so that a second evaluation takes seconds. Only for one that
 * makes the same vector of a text as a question and as a passage, as the bundled model does.
 */
export function keepVectors(embedder: Embedder, dir: string): KeptVectors {
  mkdirSync(dir, { recursive: true });
  const file = new Sqlite(
    join(dir, `${createHash('sha256').update(embedder.fingerprint).digest('hex').slice(0, 16)}.sqlite`),
  );
  file.pragma('journal_mode = WAL');
  file.pragma('synchronous = NORMAL');
  file.pragma('busy_timeout = 30000');
  file.exec('create table if not exists vectors (hash blob primary key, data blob not null) without rowid');
  const read = file.prepare<[Buffer], Buffer>('select data from vectors where hash = ?').pluck();
  const write = file.prepare('insert or ignore into vectors (hash, data) values (?, ?)');
  const writeAll = file.transaction((texts: readonly string[], vectors: readonly Float32Array[]) => {
    for (const [i, text] of texts.entries())
      write.run(hashOf(text), Buffer.from((vectors[i] as Float32Array).buffer));
  });

  const kept = (text: string): Float32Array | undefined => {
    const data = read.get(hashOf(text)) as Buffer | undefined;
    return data && new Float32Array(new Uint8Array(data).buffer);
  };
  async function make(
    texts: readonly string[],
    purpose: 'query' | 'passage',
    signal?: AbortSignal,
  ): Promise<void> {
    const missing = [...new Set(texts)].filter((text) => kept(text) === undefined);
    for (let at = 0; at < missing.length; at += embedder.maxTextsPerCall) {
      const part = missing.slice(at, at + embedder.maxTextsPerCall);
      writeAll(part, await embedder.embed(part, purpose, signal));
    }
  }

  return {
    fingerprint: embedder.fingerprint,
    dimensions: embedder.dimensions,
    maxTokens: embedder.maxTokens,
    maxTextsPerCall: embedder.maxTextsPerCall,
    async embed(texts, purpose, signal) {
      await make(texts, purpose, signal);
      return texts.map((text) => kept(text) as Float32Array);
    },
    async fill(texts, onProgress = () => {}) {
      const missing = [...new Set(texts)].filter((text) => kept(text) === undefined);
      let at = 0;
      const lane = async (purpose: 'query' | 'passage') => {
        while (at < missing.length) {
          const part = missing.slice(at, at + PART);
          at += PART;
          await make(part, purpose);
          onProgress(Math.min(at, missing.length), missing.length);
        }
      };
      await Promise.all([lane('query'), lane('passage')]);
    },
    async close() {
      file.close();
      await embedder.close();
    },
  };
}

/** What one lane takes at a time, about a second of work. */
const PART = 16;

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest();
