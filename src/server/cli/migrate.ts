import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Kysely, sql } from 'kysely';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import type { FileStore } from '../ports/file-store.ts';
import type { Database } from '../ports/schema.ts';
import { installationId } from '../records/kept-settings.ts';
import { copyTable, countRows, digestTable, MOVING, moveSerial } from '../records/move-rows.ts';
import { openRecords, prepareRecords } from '../records/open-records.ts';
import { openSqlite, type SqliteConnection } from '../records/sqlite.ts';
import { type StoredOriginal, storedOriginals } from '../records/stored-originals.ts';
import { TABLES } from '../records/tables.ts';
import { openFileStore } from '../threads/open-file-store.ts';

export interface MigrateOptions {
  /** Data folder of the installation that moves. */
  readonly from: string;
  readonly dryRun?: boolean;
  /** Empties what an earlier run of the same move has left, and begins anew. */
  readonly restart?: boolean;
  /** Steps that are done, for people. */
  readonly tell: (line: string) => void;
  /** Within a step. */
  readonly show?: (done: number, total: number, what: string) => void;
}

/** How far a move is, as its target keeps it. */
interface Moving {
  readonly installation: string;
  readonly step: 'rows' | 'files' | 'vectors';
}

type Postgres = Extract<Config['database'], { kind: 'postgres' }>;

/**
 * Moves an embedded installation (SQLite, files in its folder, vectors beside the records) to where the settings say.
 * The source is not changed. A run that broke off is gone on with by the next one; until the last step is done no
 * server starts on the target.
 *
 * @throws Error that says what stands in the way, or what differs.
 */
export async function migrate(config: Config, options: MigrateOptions): Promise<void> {
  const { tell } = options;
  const folder = resolve(options.from);
  const path = join(folder, 'knowledge.db');
  const { database } = config;
  if (!existsSync(path)) throw new Error(`There is no installation in ${folder}: name its folder by --from.`);
  if (database.kind !== 'postgres')
    throw new Error(
      'DATABASE_URL is missing: set it to the PostgreSQL database that the installation moves to.',
    );
  if (options.dryRun === true) return planMove(path, config, tell);

  await prepareRecords({ kind: 'sqlite', path });
  const source = openAlone(path);
  try {
    const installation = await installationId(source.db);
    await prepareTarget(database);
    const target = await openRecords({ ...database, readUrls: [] });
    try {
      const found = await readMoving(target.db);
      let at = await enter(target.db, { installation, found, restart: options.restart === true });
      if (found !== undefined) tell(`going on with the ${at.step}`);
      if (at.step === 'rows') {
        await moveRows(source.db, target.db, options);
        at = await proceed(target.db, at, 'files');
      }
      if (at.step === 'files') {
        await moveFiles(folder, source.db, config, options);
        at = await proceed(target.db, at, 'vectors');
      }
      await moveVectors(config, target.db, at.installation, tell);
      await target.db.deleteFrom('settings').where('name', '=', MOVING).execute();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
  for (const line of advice(folder, config)) tell(line);
}

/** Nobody else has the database open, nor can open it meanwhile. */
function openAlone(path: string): SqliteConnection {
  try {
    return openSqlite(path, { alone: true });
  } catch (error) {
    if ((error as { code?: string }).code !== 'SQLITE_BUSY') throw error;
    throw new Error(
      `${path} is in use: stop the server and every other command of this installation first.`,
      {
        cause: error,
      },
    );
  }
}

/** Its schema stays as it is where a move has begun: the release that began it must end it. */
async function prepareTarget(place: Postgres): Promise<void> {
  const { preparePostgres } = await import('../records/postgres.ts');
  await preparePostgres(place.url, place.caFile, { movingIn: true });
}

async function readMoving(db: Kysely<Database>): Promise<Moving | undefined> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', MOVING).executeTakeFirst();
  return row && (JSON.parse(row.value) as Moving);
}

/** The target is empty, or holds the beginning of this very move. */
async function enter(
  target: Kysely<Database>,
  { installation, found, restart }: { installation: string; found: Moving | undefined; restart: boolean },
): Promise<Moving> {
  if (found !== undefined && found.installation !== installation)
    throw new Error(
      'Another installation is being moved into the database of DATABASE_URL: name an empty one.',
    );
  const begun: Moving = { installation, step: 'rows' };
  if (found !== undefined && !restart) return found;
  if (found === undefined) {
    const there = await target
      .selectFrom('settings')
      .select('value')
      .where('name', '=', 'installation')
      .executeTakeFirst();
    if (there?.value === installation)
      throw new Error(
        'The database of DATABASE_URL holds this installation already: there is nothing to move.',
      );
    for (const { name } of TABLES)
      if ((await countRows(target, name)) > 0)
        throw new Error(
          `The database of DATABASE_URL is not empty (${name} has rows): name one that is, nothing is mixed.`,
        );
  }
  await target.transaction().execute(async (tx) => {
    const names = TABLES.map(({ name }) => sql.table(name));
    if (restart) await sql`truncate ${sql.join(names)} restart identity`.execute(tx);
    await tx
      .insertInto('settings')
      .values({ name: MOVING, value: JSON.stringify(begun) })
      .execute();
  });
  return begun;
}

async function proceed(db: Kysely<Database>, at: Moving, step: Moving['step']): Promise<Moving> {
  const next = { ...at, step };
  await db
    .updateTable('settings')
    .set({ value: JSON.stringify(next) })
    .where('name', '=', MOVING)
    .execute();
  return next;
}

async function moveRows(
  source: Kysely<Database>,
  target: Kysely<Database>,
  { tell, show = () => {} }: MigrateOptions,
): Promise<void> {
  for (const table of TABLES) {
    const total = await countRows(source, table.name);
    let done = 0;
    await copyTable(source, target, table, (count) => {
      done += count;
      show(done, total, table.name);
    });
    await moveSerial(source, target, table);
    const [here, there] = [await digestTable(source, table), await digestTable(target, table)];
    if (here.sha256 !== there.sha256)
      throw new Error(
        `The rows of ${table.name} differ (${here.rows} here, ${there.rows} there): somebody changed one side since the ` +
          'move began. Begin anew with --restart.',
      );
    tell(`${table.name}: ${here.rows} rows, sha256 ${here.sha256.slice(0, 12)} on both sides`);
  }
  // without it the planner knows nothing of what just came
  await sql`analyze`.execute(target);
}

/** A file that is there and whole is not sent again. */
async function moveFiles(
  folder: string,
  db: Kysely<Database>,
  { storage }: Config,
  { tell, show = () => {} }: MigrateOptions,
): Promise<void> {
  const dir = join(folder, 'files');
  const stays = storage.kind === 'disk' && resolve(storage.dir) === dir;
  const [from, to] = [await openFileStore({ kind: 'disk', dir }), await openFileStore(storage)];
  try {
    const files = await originalsOf(db);
    let sent = 0;
    const lost: string[] = [];
    for (const [i, file] of files.entries()) {
      show(i, files.length, 'files');
      if (await isWhole(to, file)) continue;
      if (stays || !(await isWhole(from, file))) {
        lost.push(file.storage_key);
        continue;
      }
      await to.put(await from.read(file.storage_key), Number(file.size_bytes), undefined, file.storage_key);
      if (!(await isWhole(to, file)))
        throw new Error(`The file ${file.storage_key} arrived with other bytes.`);
      sent++;
    }
    tell(
      `files: ${files.length - lost.length} of ${files.length} are in place with their sha256, ${sent} of them sent now`,
    );
    // the installation lacks them already: that is no reason to stay where it is
    for (const key of lost) tell(`files: ${key} is missing or damaged in ${dir}`);
  } finally {
    from.close();
    to.close();
  }
}

/** Each file once. */
async function originalsOf(db: Kysely<Database>): Promise<StoredOriginal[]> {
  const files = new Map<string, StoredOriginal>();
  for await (const file of storedOriginals(db)) files.set(file.storage_key, file);
  return [...files.values()];
}

async function isWhole(store: FileStore, { storage_key, sha256 }: StoredOriginal): Promise<boolean> {
  try {
    const hash = createHash('sha256');
    for await (const bytes of await store.read(storage_key)) hash.update(bytes as Uint8Array);
    return hash.digest('hex') === sha256;
  } catch (error) {
    if (error instanceof AppError && error.code === 'FILE_MISSING') return false;
    throw error;
  }
}

/** The rows have come with the others; a server of vectors is filled from them and compared with them. */
async function moveVectors(
  { vectors, embedding }: Config,
  db: Kysely<Database>,
  installation: string,
  tell: (line: string) => void,
): Promise<void> {
  if (vectors.kind === 'records') return;
  const { openQdrant } = await import('../drivers/vector-index/qdrant.ts');
  const { createQdrantSync, noteAllVectors } = await import('../drivers/vector-index/qdrant-sync.ts');
  const { openServing } = await import('../vector-spaces.ts');
  const { modelDir } = await import('../version.ts');
  const embedder = await openServing(db, embedding, modelDir);
  const { fingerprint, dimensions } = embedder;
  const qdrant = openQdrant({ ...vectors, prefix: `ka-${installation}`, fingerprint, dimensions });
  const sync = createQdrantSync({ db, qdrant });
  try {
    if ((await qdrant.prepare()).empty) await noteAllVectors(db);
    else await sync.sweep();
    if (!(await sync.drain())) throw new Error('Another process is filling the server of VECTOR_URL.');
    const differing = await sync.sweep();
    const { points } = await qdrant.probe();
    const rows = await countRows(db, 'vectors');
    if (differing > 0 || points !== rows)
      throw new Error(
        `The server of VECTOR_URL holds ${points} vectors and the records ${rows}: run it again.`,
      );
    tell(`vectors: ${points} on the server of VECTOR_URL, as in the records`);
  } finally {
    await sync.close();
    qdrant.close();
    await embedder.close();
  }
}

async function planMove(path: string, config: Config, tell: (line: string) => void): Promise<void> {
  const { db, close } = openSqlite(path, { readonly: true });
  try {
    for (const { name } of TABLES) {
      const rows = await countRows(db, name);
      if (rows > 0) tell(`${name}: ${rows} rows`);
    }
    const files = await originalsOf(db);
    const bytes = files.reduce((sum, file) => sum + Number(file.size_bytes), 0);
    const where = config.storage.kind === 's3' ? `the bucket ${config.storage.bucket}` : config.storage.dir;
    tell(`files: ${files.length}, ${Math.ceil(bytes / 2 ** 20)} MB, to ${where}`);
    tell(`vectors: searched ${config.vectors.kind === 'qdrant' ? 'in Qdrant' : 'beside the records'}`);
    tell('nothing was changed: this was a dry run');
  } finally {
    await close();
  }
}

function advice(folder: string, { jwtSecret }: Config): string[] {
  const file = join(folder, 'jwt-secret');
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  return [
    'moved: every row and file is on both sides alike; API keys and passwords stay as they are',
    ...(kept === undefined || kept === jwtSecret
      ? []
      : [`JWT_SECRET differs from ${file}: people sign in again, unless you set it to what stands there`]),
    `start the servers with these settings, and never again the one in ${folder}: keep it as a backup`,
  ];
}
