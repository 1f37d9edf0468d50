import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { storageFault } from './storage-fault.ts';

test('a fault of the storage is known by its code, also under the error that it caused', () => {
  const full = Object.assign(new Error('write failed'), { code: 'ENOSPC' });
  expect(storageFault(new Error('the file was not stored', { cause: full }))?.code).toBe('STORAGE_FULL');
  expect(storageFault(Object.assign(new Error(''), { code: '25006' }))?.code).toBe('STORAGE_READ_ONLY');
});

test('what SQLite says when it can not write is known', () => {
  const raw = new Sqlite(':memory:');
  raw.exec('create table a (x)');
  raw.pragma(`max_page_count = ${raw.pragma('page_count', { simple: true })}`);
  const thrown = (work: () => unknown): unknown => {
    try {
      return work();
    } catch (error) {
      return error;
    }
  };
  const full = thrown(() => raw.prepare('insert into a values (?)').run('x'.repeat(100_000)));
  expect(storageFault(full)?.code).toBe('STORAGE_FULL');
  raw.pragma('query_only = on');
  const readOnly = thrown(() => raw.prepare('insert into a values (1)').run());
  expect(storageFault(readOnly)?.code).toBe('STORAGE_READ_ONLY');
});

test('other faults are none of the storage', () => {
  expect(storageFault(Object.assign(new Error(''), { code: 'SQLITE_CONSTRAINT' }))).toBeUndefined();
  expect(storageFault(Object.assign(new Error(''), { code: 'toString' }))).toBeUndefined();
  expect(storageFault('SQLITE_FULL')).toBeUndefined();
});
