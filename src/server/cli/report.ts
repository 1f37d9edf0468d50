import { existsSync } from 'node:fs';
import { opendir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import { type DetailedHealth, detailedHealth } from '../../contract/system.ts';
import type { Config } from '../config.ts';
import { freeBytes, type TableSize, tableSizes } from '../records/database-size.ts';
import { openRecords } from '../records/open-records.ts';
import { type ModelUsage, usageByModel } from '../records/usage-totals.ts';
import { version } from '../version.ts';
import { printReport } from './print-report.ts';

/** Sizes are bytes. */
export interface Report {
  readonly at: string;
  readonly version: string;
  readonly dataDir: string;
  readonly server: { readonly state: 'stopped' } | ({ readonly state: 'running' } & RunningServer);
  readonly memoryLimitBytes: number;
  readonly disk: { readonly dataBytes: number; readonly freeBytes: number; readonly usedPercent: number };
  readonly database: {
    readonly fileBytes: number;
    readonly logBytes: number;
    /** Within the file, for what comes. */
    readonly freeBytes: number;
    readonly tables: readonly TableSize[];
  };
  readonly index: {
    readonly vectors: number;
    readonly vectorBytes: number;
    readonly keywordBytes: number;
    /** Passages that wait for their vector. */
    readonly withoutVector: number;
  };
  /** As the records know them, and as they lie in the store. */
  readonly files: {
    readonly documents: number;
    readonly documentBytes: number;
    readonly storedFiles: number;
    readonly storedBytes: number;
  };
  readonly contents: {
    readonly users: number;
    readonly collections: number;
    readonly documentsByStatus: Readonly<Record<string, number>>;
    readonly chunks: number;
  };
  readonly jobsByState: Readonly<Record<string, number>>;
  readonly logs: { readonly destination: 'standard output'; readonly auditEntries: number };
  readonly usage: { readonly thisMonth: readonly ModelUsage[]; readonly ever: readonly ModelUsage[] };
  readonly savings: {
    readonly cachedRequests: number;
    readonly shareOfRequests: number;
    readonly savedUsd: number;
  };
}

type RunningServer = Pick<DetailedHealth, 'status' | 'metrics'> & { readonly address: string };

const HEALTH_MS = 5000;

/** Where the installation's memory, disk and money go. Changes nothing; a server may run or not. */
export async function makeReport(config: Config, now = new Date()): Promise<Report> {
  const { database } = config;
  if (database.kind === 'sqlite' && !existsSync(database.path))
    throw new Error(`There is no installation in ${config.dataDir}: start it once, or set DATA_DIR.`);
  const records = await openRecords(database);
  const { db } = records;
  const countBy = async (table: string, column: string) => {
    const { rows } = await sql<{ name: string; n: number }>`
      select ${sql.ref(column)} as name, count(*) as n from ${sql.table(table)} group by 1`.execute(db);
    return Object.fromEntries(rows.map(({ name, n }) => [name, Number(n)]));
  };
  try {
    const tables = await tableSizes(db);
    const table = (name: string) => tables.find((size) => size.name === name);
    const rows = (name: string) => table(name)?.rows ?? 0;
    const bytes = (...names: string[]) =>
      names.reduce((sum, name) => sum + (table(name)?.bytes ?? 0) + (table(name)?.indexBytes ?? 0), 0);
    const ever = await usageByModel(db);
    const documents = await db
      .selectFrom('documents')
      .select(({ fn }) => [fn.countAll().as('count'), fn.sum('size_bytes').as('bytes')])
      .executeTakeFirstOrThrow();
    const size = await records.bytes();
    const stored = await storedFiles(config);
    const disk = await statfs(config.dataDir);
    return {
      at: now.toISOString(),
      version,
      dataDir: config.dataDir,
      server: await askServer(config),
      memoryLimitBytes: config.memoryLimitBytes,
      disk: {
        dataBytes: (await folderSize(config.dataDir)).bytes,
        freeBytes: disk.bavail * disk.bsize,
        usedPercent: percent(1 - disk.bavail / disk.blocks),
      },
      database: {
        fileBytes: size['main'] ?? 0,
        logBytes: size['log'] ?? 0,
        freeBytes: await freeBytes(db),
        tables,
      },
      index: {
        vectors: rows('vectors'),
        vectorBytes: bytes('vectors', 'vector_log'),
        keywordBytes: bytes('postings', 'posting_lengths', 'posting_stats'),
        withoutVector: Math.max(0, rows('chunks') - rows('vectors')),
      },
      files: {
        documents: Number(documents.count),
        documentBytes: Number(documents.bytes ?? 0),
        storedFiles: stored.files,
        storedBytes: stored.bytes,
      },
      contents: {
        users: rows('users'),
        collections: rows('collections'),
        documentsByStatus: await countBy('documents', 'status'),
        chunks: rows('chunks'),
      },
      jobsByState: await countBy('jobs', 'state'),
      logs: { destination: 'standard output', auditEntries: rows('audit') },
      usage: { thisMonth: await usageByModel(db, `${now.toISOString().slice(0, 7)}-01`), ever },
      savings: savingsOf(ever),
    };
  } finally {
    await records.close();
  }
}

function savingsOf(usage: readonly ModelUsage[]): Report['savings'] {
  const sum = (of: (row: ModelUsage) => number) => usage.reduce((total, row) => total + of(row), 0);
  const requests = sum((row) => row.requests);
  const cachedRequests = sum((row) => row.cachedRequests);
  return {
    cachedRequests,
    shareOfRequests: requests === 0 ? 0 : cachedRequests / requests,
    savedUsd: sum((row) => row.savedUsd),
  };
}

/** Asks the server of these settings how it fares; to this machine it tells without a sign-in. */
async function askServer({ listen }: Config): Promise<Report['server']> {
  const host = ['0.0.0.0', '::'].includes(listen.host) ? '127.0.0.1' : listen.host;
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${listen.port}`;
  try {
    const response = await fetch(`${address}/health/detailed`, { signal: AbortSignal.timeout(HEALTH_MS) });
    const { status, metrics } = detailedHealth.parse(await response.json());
    return { state: 'running', address, status, metrics };
  } catch {
    return { state: 'stopped' };
  }
}

/** What an object store holds, only its own console tells without asking for every name. */
const storedFiles = ({ storage }: Config) =>
  storage.kind === 'disk' ? folderSize(storage.dir) : { files: 0, bytes: 0 };

/** Files come and go while they are counted. */
async function folderSize(folder: string): Promise<{ files: number; bytes: number }> {
  const total = { files: 0, bytes: 0 };
  if (!existsSync(folder)) return total;
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (!entry.isFile()) continue;
    total.files++;
    total.bytes += await fileSize(join(entry.parentPath, entry.name));
  }
  return total;
}

const fileSize = async (path: string): Promise<number> =>
  (await stat(path).catch(() => undefined))?.size ?? 0;
const percent = (share: number): number => Math.round(share * 1000) / 10;

/** `ka report`. */
export async function report(config: Config, asJson: boolean): Promise<void> {
  const made = await makeReport(config);
  console.log(asJson ? JSON.stringify(made, undefined, 2) : printReport(made));
}
