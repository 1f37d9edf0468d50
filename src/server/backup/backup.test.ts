import { createHash } from 'node:crypto';
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type Kysely, sql } from 'kysely';
import { afterEach, describe, expect, test } from 'vitest';
import { expectIndexAtRest } from '../../../test/support/index-at-rest.ts';
import { type IngestHouse, openIngestHouse } from '../../../test/support/ingest-house.ts';
import { newPostgresDatabase } from '../../../test/support/stores.ts';
import { createDiskFileStore } from '../drivers/file-store/disk.ts';
import type { Database } from '../ports/schema.ts';
import { MIGRATIONS } from '../records/migrations/all.ts';
import { openRecords, type RecordsPlace } from '../records/open-records.ts';
import { removeDocument } from '../records/removal.ts';
import { openSqlite, prepareSqlite } from '../records/sqlite.ts';
import { checkInstallation } from '../upkeep/check-installation.ts';
import { createArchiveWriter } from './archive-writer.ts';
import { BACKED_UP, isOwnSetting, LEFT_OUT } from './backed-up-tables.ts';
import { restoreBackup } from './restore-backup.ts';
import { writeBackup } from './write-backup.ts';

const folders: string[] = [];
const houses: IngestHouse[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const newFolder = () => {
  const folder = mkdtempSync(join(tmpdir(), 'ka-backup-'));
  folders.push(folder);
  return folder;
};

const prose = (topic: string): string =>
  Array.from({ length: 60 }, (_, i) => `Number ${i} is about the ${topic}, “çafé” 漢字.`).join('\n\n');

/** Two documents at rest, one that waits to be read, one whose purge waits, a conversation that cites. */
async function furnish() {
  const house = await openIngestHouse();
  houses.push(house);
  const user = await house.addUser();
  const collection = await house.addCollection(user);
  const { documents } = await house.add(
    user,
    collection,
    {
      'pumps.txt': `# Pumps\n\n${prose('pump')}\f${prose('valve')}`,
      'bees.txt': prose('bee'),
      'gone.txt': prose('gone'),
    },
    { tags: ['shelf'] },
  );
  await house.settle();
  const [pumps, , gone] = documents.map(({ row }) => row.id);
  house.raw.exec(`
    insert into conversations values ('c1', '${user}', 'Of pumps', '2026-01-01', '2026-01-02');
    insert into messages (id, conversation_id, user_id, role, content, created_at) values ('m1', 'c1', '${user}', 'user', 'Why pumps?', '2026-01-01');
    insert into message_citations values ('m1', 0, 'm1', 'c1', '${user}', '${pumps}', 1, 1, 0, 6, '# Pump');
    insert into sessions values ('s1', '${user}', '2026-01-01', '2027-01-01', null);
    insert into usage (user_id, day, model, kind, cost_usd) values ('${user}', '2026-01-01', 'm', 'answer', 0.1234567890123);`);
  await house.add(user, collection, { 'waiting.txt': prose('queue') });
  await removeDocument(house.db, house.queue, gone as string);
  return { house, user, collection, pumps: pumps as string };
}

const placeOf = (house: IngestHouse): RecordsPlace => ({ kind: 'sqlite', path: house.path });

async function take(house: IngestHouse, jwtSecret?: string): Promise<Buffer> {
  const to = new PassThrough();
  const [content] = await Promise.all([
    buffer(to),
    writeBackup({ records: placeOf(house), db: house.db, files: house.files, jwtSecret }, to),
  ]);
  return content;
}

function emptyTarget(records?: RecordsPlace) {
  const dataDir = join(newFolder(), 'data');
  const filesDir = join(dataDir, 'files');
  return {
    dataDir,
    filesDir,
    files: createDiskFileStore({ dir: filesDir }),
    // as the house names it
    records: records ?? ({ kind: 'sqlite', path: join(dataDir, 'ka.sqlite') } as const),
  };
}

/** Every row of a backup, with the sum of its file in place of the file's key. */
async function allRows(db: Kysely<Database>): Promise<Record<string, unknown[]>> {
  const all: Record<string, unknown[]> = {};
  for (const { name, key } of BACKED_UP) {
    const { rows } = await sql<Record<string, unknown>>`
      select * from ${sql.table(name)} order by ${sql.join(key.map((column) => sql.ref(column)))}`.execute(
      db,
    );
    all[name] = rows
      .filter((row) => name !== 'settings' || !isOwnSetting(row['name'] as string))
      .map(({ storage_key: _, ...row }) => ({
        ...row,
        ...(row['data'] === undefined
          ? {}
          : { data: Buffer.from(row['data'] as Uint8Array).toString('hex') }),
      }));
  }
  return all;
}

test('every table is in a backup or is left out on purpose', async () => {
  const { house } = await furnish();
  const tables = await house.db.introspection.getTables();
  const ours = tables
    .map(({ name }) => name)
    .filter((name) => !/_fts|^sqlite_|^schema_migrations$/.test(name));
  expect([...BACKED_UP.map(({ name }) => name), ...LEFT_OUT].sort()).toEqual(ours.sort());
});

test('a restored installation holds every row and file, goes on with its work, and nobody is signed in', async () => {
  const { house, user, collection } = await furnish();
  const before = await allRows(house.db);
  const target = emptyTarget();
  const { contents, manifest } = await restoreBackup(target, Readable.from([await take(house)]));
  expect(manifest).toMatchObject({ database: 'sqlite', schemaVersion: MIGRATIONS.at(-1)?.version });
  expect(contents).toMatchObject({ rows: { documents: 3 }, files: { count: 3 }, lostFiles: [] });
  expect(readdirSync(target.dataDir).sort()).toEqual(['files', 'ka.sqlite']);
  expect(existsSync(join(target.dataDir, 'jwt-secret'))).toBe(false);

  const restored = await openIngestHouse({ dir: target.dataDir });
  houses.push(restored);
  expect(await allRows(restored.db)).toEqual(before);
  expect(await restored.db.selectFrom('sessions').selectAll().execute()).toEqual([]);
  const check = { records: placeOf(restored), db: restored.db, files: restored.files };
  expect((await checkInstallation(check)).faults).toEqual([]);

  // numbers and places that were given once are not given again
  await restored.add(user, collection, { 'later.txt': prose('later') });
  await restored.settle();
  await expectIndexAtRest(restored);
  const { raw } = restored;
  expect(raw.prepare(`select count(*) as n from documents where status = 'ready'`).get()).toEqual({ n: 4 });
  expect(
    raw.prepare(`select count(*) as n from documents_fts where documents_fts match 'pumps'`).get(),
  ).toEqual({ n: 1 });
  expect(raw.prepare(`select content from messages_fts where messages_fts match 'why'`).get()).toBeDefined();
});

test('a backup goes from SQLite to PostgreSQL and back, row for row', async () => {
  const { house } = await furnish();
  const before = await allRows(house.db);
  const postgres: RecordsPlace = {
    kind: 'postgres',
    url: await newPostgresDatabase({ empty: true }),
    poolSize: 3,
    caFile: undefined,
  };
  const there = emptyTarget(postgres);
  await restoreBackup(there, Readable.from([await take(house)]));
  const records = await openRecords(postgres);
  const to = new PassThrough();
  try {
    expect(await allRows(records.db)).toEqual(before);
    expect(
      (await checkInstallation({ records: postgres, db: records.db, files: there.files })).faults,
    ).toEqual([]);
    const { no } = await records.db
      .insertInto('messages')
      .values({
        id: 'm2',
        conversation_id: 'c1',
        user_id: before['users']?.[0]?.['id' as never] ?? '',
        role: 'user',
        content: 'More',
        answered: null,
        citations: null,
        sources: null,
        model: null,
        fallback: null,
        rating: null,
        comment: null,
        created_at: '2026',
      })
      .returning('no')
      .executeTakeFirstOrThrow();
    expect(no).toBe(2);
    await records.db.deleteFrom('messages').where('id', '=', 'm2').execute();
    const [content] = await Promise.all([
      buffer(to),
      writeBackup({ records: postgres, db: records.db, files: there.files }, to),
    ]);
    const back = emptyTarget();
    const { manifest } = await restoreBackup(back, Readable.from([content]));
    expect(manifest).toMatchObject({ database: 'postgres', counters: { messages: 2 } });
    const { db, close } = openSqlite(join(back.dataDir, 'ka.sqlite'));
    expect(await allRows(db)).toEqual(before);
    await close();
    await expect(restoreBackup(emptyTarget(postgres), Readable.from([content]))).rejects.toThrow(
      'The database of DATABASE_URL holds an installation already',
    );
  } finally {
    await records.close();
  }
});

test('what is deleted while a backup is written is in it, and is removed when the backup is done', async () => {
  const { house, pumps } = await furnish();
  await house.settle();
  const { storage_key, sha256 } = await house.document(pumps);
  let purging: Promise<void> | undefined;
  // files are read when the snapshot has been taken
  const files = {
    ...house.files,
    async read(key: string) {
      if (purging === undefined) {
        await removeDocument(house.db, house.queue, pumps);
        purging = house.settle();
        const running = house.raw.prepare(
          `select id from jobs where state = 'running' and payload like '%storageKey%'`,
        );
        while (running.get() === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return house.files.read(key);
    },
  };
  const to = new PassThrough();
  const [written] = await Promise.all([
    buffer(to),
    writeBackup({ records: placeOf(house), db: house.db, files }, to),
  ]);
  await purging;
  expect(house.storedFiles().some((name) => name.endsWith(storage_key))).toBe(false);

  const target = emptyTarget();
  await restoreBackup(target, Readable.from([written]));
  const { db, close } = openSqlite(join(target.dataDir, 'ka.sqlite'));
  const row = await db.selectFrom('documents').selectAll().where('id', '=', pumps).executeTakeFirstOrThrow();
  await close();
  const bytes = await buffer(await target.files.read(row.storage_key));
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
});

test('an original that is lost does not keep the rest from being saved, and stays known as lost', async () => {
  const { house, pumps } = await furnish();
  const { storage_key } = await house.document(pumps);
  await house.files.remove(storage_key);
  const target = emptyTarget();
  const { contents } = await restoreBackup(target, Readable.from([await take(house)]));
  expect(contents).toMatchObject({ lostFiles: [storage_key], files: { count: 2 } });
});

test('the secret is in a backup only where it was asked for', async () => {
  const { house } = await furnish();
  const target = emptyTarget();
  await restoreBackup(target, Readable.from([await take(house, 'a secret of the house\n')]));
  expect(await readFile(join(target.dataDir, 'jwt-secret'), 'utf8')).toBe('a secret of the house\n');
  expect(statSync(join(target.dataDir, 'jwt-secret')).mode & 0o777).toBe(0o600);
});

test('a backup of an earlier release is brought to this one', async () => {
  const folder = newFolder();
  const path = join(folder, 'old.db');
  prepareSqlite(path, MIGRATIONS.slice(0, 1));
  const old = openSqlite(path);
  old.raw.exec(`insert into users values ('u1', 'a@x.test', '', 'admin', '', 0, null, null, '2026', '2026')`);
  const to = new PassThrough();
  const [content] = await Promise.all([
    buffer(to),
    writeBackup(
      {
        records: { kind: 'sqlite', path },
        db: old.db,
        files: createDiskFileStore({ dir: join(folder, 'files') }),
      },
      to,
    ),
  ]);
  await old.close();
  const target = emptyTarget();
  const { manifest } = await restoreBackup(target, Readable.from([content]));
  expect(manifest.schemaVersion).toBe(1);
  const { db, raw, close } = openSqlite(join(target.dataDir, 'ka.sqlite'));
  expect(await db.selectFrom('users').selectAll().execute()).toMatchObject([
    { id: 'u1', daily_budget_usd: null },
  ]);
  expect(raw.prepare('select max(version) as v from schema_migrations').get()).toEqual({
    v: MIGRATIONS.at(-1)?.version,
  });
  await close();
});

describe('what is refused leaves nothing behind', () => {
  async function refusedWith(content: Buffer, sentence: string | RegExp): Promise<void> {
    const target = emptyTarget();
    await expect(restoreBackup(target, Readable.from([content]))).rejects.toThrow(sentence);
    expect(existsSync(target.dataDir)).toBe(false);
  }

  test('a file that is no backup', async () => {
    await refusedWith(Buffer.from('PK\u0003\u0004 not one of ours'), 'no backup');
    await refusedWith(Buffer.alloc(0), 'cut off');
    await refusedWith(zstdCompressSync(Buffer.alloc(2000, 'x')), 'no backup');
  });

  test('one that was cut off, wherever', async () => {
    const { house } = await furnish();
    const whole = await take(house);
    for (const share of [0.1, 0.5, 0.9, 0.99])
      await refusedWith(whole.subarray(0, Math.floor(whole.length * share)), /cut off|damaged/);
    const plain = zstdDecompressSync(whole);
    for (const share of [0.2, 0.7, 0.97])
      await refusedWith(
        zstdCompressSync(plain.subarray(0, Math.floor((plain.length * share) / 512) * 512)),
        'cut off',
      );
  });

  test('one of which a byte was changed, wherever', async () => {
    const { house } = await furnish();
    const plain = zstdDecompressSync(await take(house));
    const at = [
      plain.indexOf('pump') + 1,
      plain.indexOf('text_hash') + 1,
      plain.lastIndexOf('bee'),
      600,
    ].filter((i) => i > 0);
    for (const place of at) {
      const changed = Buffer.from(plain);
      changed[place] = (changed[place] as number) ^ 1;
      await refusedWith(zstdCompressSync(changed), /damaged|not valid|can't be restored/);
    }
  });

  test('hostile names, rows of other tables, files of nobody and what is too large', async () => {
    const { house } = await furnish();
    const manifest = {
      format: 1,
      version: '1.0.0',
      takenAt: new Date().toISOString(),
      schemaVersion: 3,
      index: null,
      database: 'sqlite',
      counters: {},
    };
    const made = async (...entries: [name: string, content: string | number][]) => {
      const to = new PassThrough();
      const reading = buffer(to);
      const archive = createArchiveWriter(to, new Date());
      for (const [name, content] of entries)
        if (typeof content === 'string') await archive.add(name, Buffer.from(content));
        else await archive.addStream({ name, sizeBytes: content }, Readable.from([Buffer.alloc(10)]));
      await archive.finish();
      return reading;
    };
    const first = ['manifest.json', JSON.stringify(manifest)] as [string, string];
    for (const name of [
      '../../evil',
      '/etc/passwd',
      'files/../../evil',
      'files/a/b',
      'records/users',
      'secrets/other',
    ])
      await refusedWith(await made(first, [name, 'x']), /belongs to none|no table|no document/);
    await refusedWith(await made(first, ['records/sqlite_master/1.jsonl', '{}']), 'no table');
    await refusedWith(await made(first, ['records/schema_migrations/1.jsonl', '{}']), 'no table');
    await refusedWith(
      await made(first, ['records/users/1.jsonl', '{"columns":["id;drop"]}\n[1]']),
      'not named',
    );
    await refusedWith(await made(first, ['records/users/1.jsonl', '{"columns":["nope"]}\n[1]']), 'users');
    await refusedWith(
      await made(first, ['records/users/1.jsonl', '{"columns":["id"]}\n[{"a":1}]']),
      'damaged',
    );
    await refusedWith(await made(first, ['records/users/1.jsonl', 80_000_000]), 'too large');
    await refusedWith(await made(first, ['files/0190a0a0-0000-7000-8000-000000000000', 'x']), 'no document');
    await refusedWith(await made(first, ['contents.json', '{}']), 'not valid');
    await refusedWith(await made(['records/users/1.jsonl', '{}']), 'no backup');
    await refusedWith(
      await made(['manifest.json', JSON.stringify({ ...manifest, format: 2 })]),
      'newer release',
    );
    await refusedWith(
      await made(['manifest.json', JSON.stringify({ ...manifest, schemaVersion: 99 })]),
      'newer release',
    );
    await house.close();
    houses.pop();
  });

  test('a place that holds an installation, and one that a process has open', async () => {
    const { house } = await furnish();
    const content = await take(house);
    const full = { ...emptyTarget(placeOf(house)), dataDir: house.dir, filesDir: join(house.dir, 'files') };
    await expect(restoreBackup(full, Readable.from([content]))).rejects.toThrow('empty one only');

    const target = emptyTarget();
    const begun = await openIngestHouse({ dir: target.dataDir });
    await expect(restoreBackup(target, Readable.from([content]))).rejects.toThrow('stop the service');
    expect(existsSync(target.filesDir)).toBe(false);
    await begun.close({ keep: true });
    await restoreBackup(target, Readable.from([content]));
    expect(readdirSync(target.dataDir).sort()).toEqual(['files', 'ka.sqlite']);
  });
});

test('a backup is read from a file as from a pipe', async () => {
  const { house } = await furnish();
  const path = join(newFolder(), 'x.ka');
  writeFileSync(path, await take(house));
  await restoreBackup(emptyTarget(), createReadStream(path));
});
