import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { ALIASES, SETTINGS, type SettingName, type SettingValues } from './settings.ts';

/** What the program decided from its settings; drivers are unions, so a contradiction can't be stored. */
export interface Config {
  readonly listen: {
    readonly host: string;
    readonly port: number;
    readonly metricsPort: number;
    readonly maxConnections: number;
  };
  readonly publicUrl: string | undefined;
  readonly trustProxy: boolean;
  readonly corsOrigins: readonly string[];
  /** Absolute. */
  readonly dataDir: string;
  /** Absolute path of the SQLite file. */
  readonly databasePath: string;
  readonly filesDir: string;
  /** Undefined: made and kept in `dataDir`. */
  readonly jwtSecret: string | undefined;
  readonly registrationEnabled: boolean;
  readonly uploads: {
    readonly maxBytes: number;
    readonly maxBatchFiles: number;
    readonly userQuotaBytes: number | undefined;
  };
  readonly jobConcurrency: number;
  readonly memoryLimitBytes: number;
  readonly caches: {
    readonly queryTtlMs: number;
    readonly queryEntries: number;
    readonly answerTtlMs: number;
    readonly embeddingEntries: number;
  };
  readonly rateLimitPerMinute: number;
  readonly logLevel: SettingValues['LOG_LEVEL'];
}

/** The settings are wrong: `faults` has a sentence for each one, none of them shows a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The settings are not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The environment, and under it what a `.env` file in `folder` sets. */
export function readEnvironment(folder: string, environment: Environment = process.env): Environment {
  const file = join(folder, '.env');
  return existsSync(file) ? { ...parseEnv(readFileSync(file, 'utf8')), ...environment } : environment;
}

/**
 * Reads and checks all settings at once.
 * @throws ConfigError that lists every fault.
 */
export function readConfig(environment: Environment): Config {
  const faults: string[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};
  for (const name of Object.keys(SETTINGS) as SettingName[]) {
    const { schema } = SETTINGS[name];
    const alias = ALIASES[name];
    // an empty variable is how compose files say "unset"
    const text = environment[name] || (alias && environment[alias]) || undefined;
    const result = schema.safeParse(text);
    if (result.success) values[name] = result.data;
    else faults.push(`${name} ${result.error.issues[0]?.message ?? 'is not valid'}${shown(name, text)}`);
  }
  if (faults.length === 0) faults.push(...contradictions(values as SettingValues));
  if (faults.length > 0) throw new ConfigError(faults);
  return decide(values as SettingValues);
}

function shown(name: SettingName, text: string | undefined): string {
  return 'secret' in SETTINGS[name] || text === undefined
    ? ''
    : ` (it is ${JSON.stringify(text.slice(0, 60))})`;
}

function contradictions(v: SettingValues): string[] {
  const faults: string[] = [];
  const later = (name: SettingName, what: string) =>
    faults.push(`${name} asks for ${what}, which this release does not have yet: unset it`);
  if (v.DATABASE_URL !== undefined) later('DATABASE_URL', 'PostgreSQL');
  if (v.VECTOR_URL !== undefined) later('VECTOR_URL', 'Qdrant');
  if (v.REDIS_URL !== undefined) later('REDIS_URL', 'Redis');
  if (v.STORAGE_URL !== undefined) later('STORAGE_URL', 'an object store');
  if (v.LLM_PROVIDER !== undefined && v.LLM_PROVIDER !== 'extractive')
    later('LLM_PROVIDER', 'a language model');
  if (v.EMBEDDING_PROVIDER !== 'bundled') later('EMBEDDING_PROVIDER', 'a remote embedding model');
  if (v.WORKERS > 1) faults.push('WORKERS above 1 needs PostgreSQL: set DATABASE_URL, or WORKERS=1');
  if (v.DATABASE_READ_URLS.length > 0 && v.DATABASE_URL === undefined)
    faults.push('DATABASE_READ_URLS needs DATABASE_URL');
  if (v.CORS_ORIGINS.includes('*'))
    faults.push('CORS_ORIGINS must name origins: * would let every site act for a signed-in user');
  return faults;
}

const MB = 1024 * 1024;

function decide(v: SettingValues): Config {
  const dataDir = resolve(v.DATA_DIR);
  return {
    listen: { host: v.HOST, port: v.PORT, metricsPort: v.METRICS_PORT, maxConnections: v.MAX_CONNECTIONS },
    publicUrl: v.PUBLIC_URL,
    trustProxy: v.TRUST_PROXY,
    corsOrigins: v.CORS_ORIGINS,
    dataDir,
    databasePath: join(dataDir, 'knowledge.db'),
    filesDir: join(dataDir, 'files'),
    jwtSecret: v.JWT_SECRET,
    registrationEnabled: v.REGISTRATION_ENABLED,
    uploads: {
      maxBytes: v.MAX_UPLOAD_MB * MB,
      maxBatchFiles: v.MAX_BATCH_FILES,
      userQuotaBytes: v.USER_QUOTA_MB === undefined ? undefined : v.USER_QUOTA_MB * MB,
    },
    jobConcurrency: v.JOB_CONCURRENCY ?? availableParallelism(),
    memoryLimitBytes:
      v.MEMORY_LIMIT_MB === undefined ? (cgroupLimitBytes() ?? 512 * MB) : v.MEMORY_LIMIT_MB * MB,
    caches: {
      queryTtlMs: v.QUERY_CACHE_TTL_S * 1000,
      queryEntries: v.QUERY_CACHE_SIZE,
      answerTtlMs: v.LLM_CACHE_TTL_S * 1000,
      embeddingEntries: v.EMBEDDING_CACHE_SIZE,
    },
    rateLimitPerMinute: v.RATE_LIMIT_PER_MINUTE,
    logLevel: v.LOG_LEVEL,
  };
}

/** The container's memory limit (cgroup v2, then v1), when there is one below the machine's size. */
function cgroupLimitBytes(): number | undefined {
  for (const file of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    try {
      const bytes = Number(readFileSync(file, 'utf8').trim());
      if (Number.isFinite(bytes) && bytes > 0 && bytes < 2 ** 50) return bytes;
    } catch {
      // not this cgroup version
    }
  }
  return undefined;
}
