import Sqlite from 'better-sqlite3';
import { Kysely, type SqliteDatabase, SqliteDialect, sql } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { keepStatements } from './kept-statements.ts';

function open() {
  const raw = new Sqlite(':memory:');
  raw.exec('create table words (word text)');
  const prepared: string[] = [];
  const prepare = raw.prepare.bind(raw);
  raw.prepare = ((source: string) => {
    prepared.push(source);
    return prepare(source);
  }) as typeof raw.prepare;
  const database: SqliteDatabase = keepStatements(raw);
  const db = new Kysely<{ words: { word: string } }>({ dialect: new SqliteDialect({ database }) });
  onTestFinished(() => db.destroy());
  return { raw, db, prepared };
}

test('a statement is prepared once, whatever its values', async () => {
  const { db, prepared } = open();
  for (const word of ['a', 'b', 'c']) await db.insertInto('words').values({ word }).execute();
  for (const word of ['a', 'x']) await db.selectFrom('words').selectAll().where('word', '=', word).execute();
  expect(prepared).toHaveLength(2);
});

test('a statement whose rows are still being read does not stand in the way of the same one', () => {
  const { raw } = open();
  raw.exec(`insert into words values ('a'), ('b')`);
  const kept = keepStatements(raw);
  const ask = () => kept.prepare('select word from words');
  const rows = ask().iterate([]);
  rows.next();
  expect(ask().all([])).toEqual([{ word: 'a' }, { word: 'b' }]);
  expect([...rows]).toEqual([{ word: 'b' }]);
});

test('a table that changes between two calls is read as it is', async () => {
  const { raw, db } = open();
  const all = db.selectFrom('words').selectAll();
  await db.insertInto('words').values({ word: 'a' }).execute();
  expect(await all.execute()).toEqual([{ word: 'a' }]);
  raw.exec('alter table words add column size integer default 1');
  expect(await all.execute()).toEqual([{ word: 'a', size: 1 }]);
});

test('statements with long lists of values are not kept', async () => {
  const { db, prepared } = open();
  const values = sql.join(Array.from({ length: 3000 }, (_, n) => n));
  for (let n = 0; n < 2; n++) await sql`select 1 where 1 in (${values})`.execute(db);
  expect(prepared).toHaveLength(2);
});
