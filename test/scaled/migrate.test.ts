import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Client, registerClient } from '../../bench/lib/server.ts';
import type { Answer } from '../../src/contract/query.ts';
import { migrate } from '../../src/server/cli/migrate.ts';
import { type Config, readConfig } from '../../src/server/config.ts';
import { openRecords } from '../../src/server/records/open-records.ts';
import { preparePostgres } from '../../src/server/records/postgres.ts';
import { openSqlite } from '../../src/server/records/sqlite.ts';
import { TABLES } from '../../src/server/records/tables.ts';
import { docxFile, pdfFile, textFile } from '../support/made-files.ts';
import { startQdrantDouble } from '../support/qdrant-double.ts';
import { openReplica } from '../support/replica.ts';
import { startS3Double } from '../support/s3-double.ts';
import { newPostgresDatabase } from '../support/stores.ts';

const KA = join(import.meta.dirname, '..', '..', 'bin', 'ka.mjs');
const JWT_SECRET = 'one secret for all of the replicas';
const QUESTIONS = [
  'How much does a visiting yacht pay a night?',
  'What does a lift by the crane cost in winter?',
  'How many days of leave does the crew get?',
  'Which vaccine do ferrets need?',
  ...[1703, 1788, 1801, 1896].map((year) => `How many barrels of herring did the harbour count in ${year}?`),
];
const FILES = [
  pdfFile('Handbook.pdf', [
    ['Berths', 'A visiting yacht pays 34 crowns a night for a berth of up to ten metres.'],
    ['Crane', 'A lift by the crane costs 60 crowns in winter, from November to March.'],
  ]),
  docxFile('Crew.docx', 'Crew', ['Every member of the crew gets 27 days of paid leave a year.']),
  textFile('nul.txt', 'The duty phone rings\0 in the office until nine.\n'),
  ...Array.from({ length: 197 }, (_, n) => {
    const year = 1700 + n;
    return textFile(`${year}.txt`, `In ${year} the harbour counted ${(n * 389) % 997} barrels of herring.\n`);
  }),
];

let source: string;
let before: Shown;

interface Shown {
  readonly answers: readonly unknown[];
  readonly documents: unknown;
  readonly messages: unknown;
}

/** What a person sees, without times. */
async function show(client: Client): Promise<Shown> {
  const answers: unknown[] = [];
  for (const query of QUESTIONS) {
    const { answer, answered, citations } = await client.post<Answer>('/api/v1/query', { query });
    answers.push({ answer, answered, citations });
  }
  const conversations = await client.get<{ items: { id: string }[] }>('/api/v1/conversations');
  const id = conversations.items[0]?.id;
  return {
    answers,
    documents: await client.get('/api/v1/documents?sort=title'),
    messages: await client.get(`/api/v1/conversations/${id}/messages`),
  };
}

beforeAll(async () => {
  source = mkdtempSync(join(tmpdir(), 'ka-moving-'));
  const embedded = await openReplica({ DATA_DIR: source });
  const client = await registerClient(embedded.url, 'ann@example.org');
  for (let at = 0; at < FILES.length; at += 50) {
    const { taskId } = await client.upload(
      FILES.slice(at, at + 50).map(({ name, buffer }) => ({ name, bytes: buffer })),
    );
    expect(await client.finished(taskId)).toMatchObject({ status: 'completed' });
  }
  const { id } = await client.post<{ id: string }>('/api/v1/conversations', { title: 'Berths' });
  await client.post('/api/v1/query', { query: QUESTIONS[0], conversationId: id });
  before = await show(client);
  await embedded.close();
  writeFileSync(join(source, 'jwt-secret'), 'the secret of before, which was made by itself');
}, 60_000);
afterAll(() => rmSync(source, { recursive: true }));

const said = async (config: Config, more: { from?: string; restart?: boolean; dryRun?: boolean } = {}) => {
  const lines: string[] = [];
  await migrate(config, { from: source, ...more, tell: (line) => lines.push(line) });
  return lines.join('\n');
};
const target = async (env: Record<string, string> = {}) =>
  readConfig({ DATABASE_URL: await newPostgresDatabase(), JWT_SECRET, DATA_DIR: source, ...env });

/** A copy of the source, for tests that change it. */
function copyOfSource(): string {
  const copy = mkdtempSync(join(tmpdir(), 'ka-moving-copy-'));
  cpSync(source, copy, { recursive: true });
  return copy;
}

test('an installation moves to PostgreSQL, Qdrant and a bucket, and answers as before with the same citations', async () => {
  const [qdrant, s3] = [await startQdrantDouble(), await startS3Double()];
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-moved-'));
  const env = {
    DATABASE_URL: await newPostgresDatabase(),
    VECTOR_URL: qdrant.url,
    STORAGE_URL: `s3://${s3.bucket}/moved`,
    AWS_REGION: 'eu-central-1',
    AWS_ENDPOINT_URL_S3: s3.url,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    DATA_DIR: dataDir,
    JWT_SECRET,
  };
  const told = await said(readConfig(env));
  expect(told).toMatch(/chunks: [1-9]\d* rows, sha256 [0-9a-f]{12} on both sides/);
  expect(told).toContain('files: 200 of 200 are in place with their sha256, 200 of them sent now');
  expect(told).toMatch(/vectors: [1-9]\d* on the server of VECTOR_URL/);
  expect(told).toContain('JWT_SECRET differs from');
  expect(s3.objects.size).toBe(200);

  const moved = await openReplica(env);
  const client = await registerClient(moved.url, 'ann@example.org');
  expect(await show(client)).toEqual(before);
  // numbers go on where they were
  const { taskId } = await client.upload([
    { name: 'new.txt', bytes: Buffer.from('The regatta begins in June.') },
  ]);
  expect((await client.finished(taskId)).status).toBe('completed');
  const answer = await client.post<Answer>('/api/v1/query', { query: 'When does the regatta begin?' });
  expect(answer.citations[0]?.quote).toContain('June');
  await moved.close();
  await expect(said(readConfig(env))).rejects.toThrow('holds this installation already');
  await qdrant.close();
  await s3.close();
  rmSync(dataDir, { recursive: true });
}, 60_000);

test('a move that is killed at any table is gone on with, and ends as if it had not been', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-moved-'));
  const url = await newPostgresDatabase();
  const env = { ...process.env, DATABASE_URL: url, JWT_SECRET, DATA_DIR: dataDir };
  const other = new pg.Client(url);
  await other.connect();
  /** The table takes no rows until the process is dead that wants to write them. */
  const killedAt = async (table: string) => {
    await other.query('begin');
    await other.query(`lock table ${table} in share mode`);
    const child = spawn(process.execPath, [KA, 'migrate', '--from', source], { env, stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
    const waits = `select 1 from pg_locks where relation = '${table}'::regclass and not granted`;
    await expect.poll(async () => (await other.query(waits)).rowCount, { timeout: 20_000 }).toBe(1);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    await other.query('rollback');
  };
  for (const table of ['users', 'documents', 'postings']) await killedAt(table);
  await other.end();
  await expect(preparePostgres(url)).rejects.toThrow('is being moved into the database');
  const { code, err } = await new Promise<{ code: number; err: string }>((resolve) => {
    execFile(process.execPath, [KA, 'migrate', '--from', source], { env }, (error, _out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, err }),
    );
  });
  expect(code, err).toBe(0);
  expect(err).toContain('going on with the rows');
  expect(
    readdirSync(join(dataDir, 'files'), { recursive: true }).filter((name) => String(name).length > 30),
  ).toHaveLength(200);

  const moved = await openReplica({ DATABASE_URL: url, DATA_DIR: dataDir, JWT_SECRET });
  expect(await show(await registerClient(moved.url, 'ann@example.org'))).toEqual(before);
  await moved.close();
  rmSync(dataDir, { recursive: true });
}, 60_000);

test('it does not begin while a server has the source open', async () => {
  const from = copyOfSource();
  const config = await target({ DATA_DIR: from });
  const running = openSqlite(join(from, 'knowledge.db'));
  await running.db.selectFrom('users').selectAll().execute();
  await expect(said(config, { from })).rejects.toThrow('is in use: stop the server');
  await running.close();
  expect(await said(config, { from })).toContain('moved:');
  rmSync(from, { recursive: true });
});

test('a target with data of others is left alone', async () => {
  const config = await target();
  const { db, close } = await openRecords(config.database);
  await sql`insert into settings (name, value) values ('installation', 'another one')`.execute(db);
  await expect(said(config)).rejects.toThrow('is not empty (settings has rows)');
  await sql`update settings set name = 'moving', value = '{"installation":"x","step":"rows"}'`.execute(db);
  await expect(said(config)).rejects.toThrow('Another installation is being moved');
  expect(await db.selectFrom('users').selectAll().execute()).toEqual([]);
  await close();
});

test('a source that changed between two runs is found out, and moves anew where that is asked for', async () => {
  const from = copyOfSource();
  const config = await target({ DATA_DIR: from });
  const { db, close } = await openRecords(config.database);
  // as a run leaves it that was broken off behind the users
  const own = openSqlite(join(from, 'knowledge.db'));
  const { value } = await own.db
    .selectFrom('settings')
    .select('value')
    .where('name', '=', 'installation')
    .executeTakeFirstOrThrow();
  await db
    .insertInto('users')
    .values((await own.db.selectFrom('users').selectAll().execute()) as never)
    .execute();
  await db
    .insertInto('settings')
    .values({ name: 'moving', value: JSON.stringify({ installation: value, step: 'rows' }) })
    .execute();
  await own.db.updateTable('users').set({ name: 'Renamed' }).execute();
  await own.close();
  await expect(said(config, { from })).rejects.toThrow('The rows of users differ (1 here, 1 there)');
  expect(await said(config, { from, restart: true })).toContain('moved:');
  expect(await db.selectFrom('users').select('name').execute()).toEqual([{ name: 'Renamed' }]);
  await close();
  rmSync(from, { recursive: true });
});

test('a file that is lost or damaged is named and keeps nothing else back', async () => {
  const from = copyOfSource();
  const files = join(from, 'files');
  const [path] = (readdirSync(files, { recursive: true, encoding: 'utf8' }) as string[]).filter(
    (name) => name.length > 30,
  );
  writeFileSync(join(files, path as string), 'other bytes');
  const told = await said(await target({ DATA_DIR: mkdtempSync(join(tmpdir(), 'ka-moved-')) }), { from });
  expect(told).toContain('files: 199 of 200 are in place');
  expect(told).toContain('is missing or damaged in');
  rmSync(from, { recursive: true });
});

test('a dry run says what would move and touches neither side', async () => {
  const config = await target();
  const database = readFileSync(join(source, 'knowledge.db'));
  const told = await said(config, { dryRun: true });
  expect(told).toContain('documents: 200 rows');
  expect(told).toContain('nothing was changed');
  expect(readFileSync(join(source, 'knowledge.db')).equals(database)).toBe(true);
  const { db, close } = await openRecords(config.database);
  for (const { name } of TABLES)
    expect((await sql`select 1 from ${sql.table(name)}`.execute(db)).rows, name).toEqual([]);
  await close();
});

test('every table of the schema is moved', async () => {
  const { db, close } = openSqlite(join(source, 'knowledge.db'), { readonly: true });
  const { rows } = await sql<{ name: string }>`
    select name from sqlite_master where type = 'table' and name not like 'sqlite_%' and name not like '%_fts%'
      and name <> 'schema_migrations'`.execute(db);
  await close();
  expect(TABLES.map(({ name }) => name).sort()).toEqual(rows.map(({ name }) => name).sort());
});

test('it says what is missing', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'ka-nothing-'));
  await expect(said(await target(), { from: empty })).rejects.toThrow('There is no installation in');
  await expect(said(readConfig({ DATA_DIR: source }))).rejects.toThrow('DATABASE_URL is missing');
});
