import { join } from 'node:path';
import { createKeywordReader } from '../../src/server/drivers/text-index/sqlite-reader.ts';
import { createSqliteTextWriter } from '../../src/server/drivers/text-index/sqlite-writer.ts';
import { ordinalOf } from '../../src/server/ports/search-scope.ts';
import { openSqlite, prepareSqlite } from '../../src/server/records/sqlite.ts';
import { analysePassage, analyseQuery } from '../../src/server/text/analyse.ts';
import type { Contender } from './contender.ts';
import { importPeer } from './packages.ts';

export interface KeywordTask {
  readonly hits: number;
}
type KeywordContender = Contender<KeywordTask, string, string>;

const COLLECTION = 1;

export const KEYWORD_CONTENDERS: Readonly<Record<string, KeywordContender>> = {
  'Knowledge Assistant': {
    note: 'BM25 over blocks in SQLite, stems and function words of the language; on disk',
    async open({ hits }, { folder }) {
      const path = join(folder, 'keywords.db');
      prepareSqlite(path);
      const connection = openSqlite(path);
      const reading = openSqlite(path, { readonly: true, cacheMb: 2 });
      const writer = createSqliteTextWriter(connection.raw);
      const reader = createKeywordReader(reading.raw);
      const scope = { collections: [{ no: COLLECTION, generation: 1 }] };
      return {
        async add(first, texts) {
          const entries = texts.map((text, i) => ({ ordinal: first + i, ...analysePassage(text, 'en') }));
          await connection.db.transaction().execute((tx) => writer.add(tx, COLLECTION, entries));
        },
        find: async (query) =>
          reader.search(analyseQuery(query, ['en']).terms, hits, scope).map(({ key }) => ordinalOf(key)),
        async close() {
          await reading.close();
          await connection.close();
        },
      };
    },
  },
  MiniSearch: {
    note: 'its defaults: no stemming; in memory alone',
    async open({ hits }, { packages }) {
      const { default: MiniSearch } = await importPeer(packages, 'minisearch');
      const index = new MiniSearch({ fields: ['text'] });
      return {
        add: async (first, texts) => index.addAll(texts.map((text, i) => ({ id: first + i, text }))),
        find: async (query) => (index.search(query) as { id: number }[]).slice(0, hits).map(({ id }) => id),
        close: async () => {},
      };
    },
  },
  Orama: {
    note: 'its defaults (BM25, no stemming), any word may match; in memory alone',
    async open({ hits }, { packages }) {
      const orama = await importPeer(packages, '@orama/orama');
      const index = orama.create({ schema: { text: 'string' } });
      return {
        async add(first, texts) {
          await orama.insertMultiple(
            index,
            texts.map((text, i) => ({ id: String(first + i), text })),
          );
        },
        async find(query) {
          const { hits: found } = await orama.search(index, { term: query, limit: hits, threshold: 1 });
          return (found as { id: string }[]).map(({ id }) => Number(id));
        },
        close: async () => {},
      };
    },
  },
};
