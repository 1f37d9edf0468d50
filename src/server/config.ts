import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { decideEmbedding, type EmbeddingConfig, embeddingContradictions } from './embedding-config.ts';
import { cgroupLimitBytes } from './memory/cgroup-limit.ts';
import { ALIASES, DEFAULT_MODELS, SETTINGS, type SettingName, type SettingValues } from './settings.ts';
import { decideStorage, type StorageConfig, storageContradictions } from './storage-config.ts';

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
  readonly database: DatabaseConfig;
  readonly vectors: VectorsConfig;
  /** Undefined: caches, limits and events are this process's own. */
  readonly redisUrl: string | undefined;
  /** Where the original files are. */
  readonly storage: StorageConfig;
  /** Undefined: made and kept in `dataDir`. */
  readonly jwtSecret: string | undefined;
  /** Signs nothing; what it signed is taken. */
  readonly jwtSecretPrevious: string | undefined;
  readonly registrationEnabled: boolean;
  readonly uploads: {
    readonly maxBytes: number;
    readonly maxBatchFiles: number;
    readonly userQuotaBytes: number | undefined;
  };
  /** Processes that serve; above 1 with PostgreSQL only. */
  readonly workers: number;
  readonly jobConcurrency: number;
  readonly memoryLimitBytes: number;
  /** Of text in pictures, as tesseract calls them; undefined: it is not read. */
  readonly ocrLanguages: readonly string[] | undefined;
  readonly caches: {
    readonly queryTtlMs: number;
    readonly queryEntries: number;
    readonly answerTtlMs: number;
    readonly embeddingEntries: number;
  };
  readonly llm: LlmConfig;
  readonly embedding: EmbeddingConfig;
  /** What users may spend on language models; undefined: no bound. */
  readonly budgets: { readonly dailyUsd: number | undefined; readonly monthlyUsd: number | undefined };
  readonly rateLimitPerMinute: number;
  readonly logLevel: SettingValues['LOG_LEVEL'];
  /** Undefined: slow requests are not logged. */
  readonly slowRequestMs: number | undefined;
  /** Where spans go; undefined: nowhere, and none is made. */
  readonly otlpEndpoint: string | undefined;
}

/** Where the records lie. */
export type DatabaseConfig =
  | {
      readonly kind: 'sqlite';
      /** Absolute. */
      readonly path: string;
    }
  | {
      readonly kind: 'postgres';
      readonly url: string;
      readonly poolSize: number;
      /** PEM file of the authority that signed the server's certificate. */
      readonly caFile: string | undefined;
      /** Addresses of read replicas. */
      readonly readUrls: readonly string[];
    };

/** Where vectors are searched: beside the records, or in Qdrant. */
export type VectorsConfig =
  | { readonly kind: 'records' }
  | { readonly kind: 'qdrant'; readonly url: string; readonly apiKey: string | undefined };

/** Who writes the answers. */
export type LlmConfig = { readonly provider: 'extractive' } | RemoteLlmConfig;

export type RemoteLlmConfig = (
  | {
      readonly provider: 'gemini' | 'openai' | 'anthropic';
      readonly apiKey: string;
      /** Undefined: the provider's own. Never ends in a slash. */
      readonly baseUrl: string | undefined;
    }
  | {
      readonly provider: 'openai-compatible';
      readonly apiKey: string | undefined;
      readonly baseUrl: string;
    }
) & {
  readonly model: string;
  /** Undefined: what is known of the model. */
  readonly contextTokens: number | undefined;
  readonly maxConcurrent: number;
  readonly timeoutMs: number;
  /** USD per million tokens by model, before the built-in table. */
  readonly prices: NonNullable<SettingValues['LLM_PRICES']>;
};

/** The settings are wrong: `faults` has a sentence for each one, none of them shows a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The settings are not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

export type Environment = Readonly<Record<string, string | undefined>>;

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
  faults.push(...storageContradictions(v));
  faults.push(...llmContradictions(v));
  faults.push(...embeddingContradictions(v));
  if (v.WORKERS > 1 && v.DATABASE_URL === undefined)
    faults.push('WORKERS above 1 needs PostgreSQL: set DATABASE_URL, or WORKERS=1');
  if (v.DATABASE_READ_URLS.length > 0 && v.DATABASE_URL === undefined)
    faults.push('DATABASE_READ_URLS needs DATABASE_URL: replicas follow a PostgreSQL server');
  if (v.DATABASE_READ_URLS.some((text) => !/^postgres(?:ql)?:$/.test(URL.parse(text)?.protocol ?? '')))
    faults.push('DATABASE_READ_URLS must be addresses that begin with postgres://, separated by commas');
  if (v.DATABASE_URL !== undefined && v.JWT_SECRET === undefined)
    faults.push(
      'JWT_SECRET is missing: processes that share a database must agree on it (at least 32 characters)',
    );
  if (v.CORS_ORIGINS.includes('*'))
    faults.push('CORS_ORIGINS must name origins: * would let every site act for a signed-in user');
  return faults;
}

const LLM_KEYS = {
  gemini: 'GEMINI_API_KEY',
  openai: 'OPENAI_API_KEY',
  anthropic: 'ANTHROPIC_API_KEY',
} as const;
const KEYED_PROVIDERS = Object.keys(LLM_KEYS) as (keyof typeof LLM_KEYS)[];

/** What is set, else the first whose key is. */
const llmProvider = (v: SettingValues) =>
  v.LLM_PROVIDER ?? KEYED_PROVIDERS.find((provider) => v[LLM_KEYS[provider]] !== undefined) ?? 'extractive';

function llmContradictions(v: SettingValues): string[] {
  const provider = llmProvider(v);
  if (provider === 'openai-compatible') {
    const faults: string[] = [];
    if (v.LLM_BASE_URL === undefined)
      faults.push('LLM_BASE_URL is missing: LLM_PROVIDER=openai-compatible needs the address of the server');
    if (v.LLM_MODEL === undefined)
      faults.push('LLM_MODEL is missing: LLM_PROVIDER=openai-compatible needs the name of a model');
    return faults;
  }
  if (provider === 'extractive')
    return v.LLM_PROVIDER === undefined && v.LLM_BASE_URL !== undefined
      ? ['LLM_BASE_URL needs LLM_PROVIDER: set it to openai-compatible, or unset the address']
      : [];
  const key = LLM_KEYS[provider];
  return v[key] === undefined
    ? [`${key} is missing: LLM_PROVIDER=${provider} needs it; set it, or LLM_PROVIDER=extractive`]
    : [];
}

function decideLlm(v: SettingValues): LlmConfig {
  const provider = llmProvider(v);
  if (provider === 'extractive') return { provider };
  const baseUrl = v.LLM_BASE_URL?.replace(/\/+$/, '');
  const shared = {
    contextTokens: v.LLM_CONTEXT_TOKENS,
    maxConcurrent: v.LLM_MAX_CONCURRENT,
    timeoutMs: v.LLM_TIMEOUT_MS,
    prices: v.LLM_PRICES ?? {},
  };
  // `llmContradictions` has refused what is missing here
  if (provider === 'openai-compatible')
    return {
      provider,
      apiKey: v.OPENAI_API_KEY,
      baseUrl: baseUrl ?? '',
      model: v.LLM_MODEL ?? '',
      ...shared,
    };
  return {
    provider,
    apiKey: v[LLM_KEYS[provider]] ?? '',
    baseUrl,
    model: v.LLM_MODEL ?? DEFAULT_MODELS[provider],
    ...shared,
  };
}

const decideDatabase = (v: SettingValues, dataDir: string): DatabaseConfig =>
  v.DATABASE_URL === undefined
    ? { kind: 'sqlite', path: join(dataDir, 'knowledge.db') }
    : {
        kind: 'postgres',
        url: v.DATABASE_URL,
        poolSize: v.DATABASE_POOL_SIZE,
        caFile: v.DATABASE_CA_FILE,
        readUrls: v.DATABASE_READ_URLS,
      };

const MB = 1024 * 1024;

function decide(v: SettingValues): Config {
  const dataDir = resolve(v.DATA_DIR);
  return {
    listen: { host: v.HOST, port: v.PORT, metricsPort: v.METRICS_PORT, maxConnections: v.MAX_CONNECTIONS },
    publicUrl: v.PUBLIC_URL,
    trustProxy: v.TRUST_PROXY,
    corsOrigins: v.CORS_ORIGINS,
    dataDir,
    database: decideDatabase(v, dataDir),
    vectors:
      v.VECTOR_URL === undefined
        ? { kind: 'records' }
        : { kind: 'qdrant', url: v.VECTOR_URL, apiKey: v.VECTOR_API_KEY },
    redisUrl: v.REDIS_URL,
    storage: decideStorage(v, dataDir),
    jwtSecret: v.JWT_SECRET,
    jwtSecretPrevious: v.JWT_SECRET_PREVIOUS,
    registrationEnabled: v.REGISTRATION_ENABLED,
    uploads: {
      maxBytes: v.MAX_UPLOAD_MB * MB,
      maxBatchFiles: v.MAX_BATCH_FILES,
      userQuotaBytes: v.USER_QUOTA_MB === undefined ? undefined : v.USER_QUOTA_MB * MB,
    },
    workers: v.WORKERS,
    jobConcurrency: v.JOB_CONCURRENCY ?? availableParallelism(),
    ocrLanguages: v.OCR === 'off' ? undefined : v.OCR_LANGUAGES,
    memoryLimitBytes:
      v.MEMORY_LIMIT_MB === undefined ? (cgroupLimitBytes() ?? 512 * MB * v.WORKERS) : v.MEMORY_LIMIT_MB * MB,
    caches: {
      queryTtlMs: v.QUERY_CACHE_TTL_S * 1000,
      queryEntries: v.QUERY_CACHE_SIZE,
      answerTtlMs: v.LLM_CACHE_TTL_S * 1000,
      embeddingEntries: v.EMBEDDING_CACHE_SIZE,
    },
    llm: decideLlm(v),
    embedding: decideEmbedding(v),
    budgets: { dailyUsd: v.USER_DAILY_BUDGET_USD, monthlyUsd: v.USER_MONTHLY_BUDGET_USD },
    rateLimitPerMinute: v.RATE_LIMIT_PER_MINUTE,
    logLevel: v.LOG_LEVEL,
    slowRequestMs: v.SLOW_REQUEST_MS || undefined,
    otlpEndpoint: v.OTEL_EXPORTER_OTLP_ENDPOINT,
  };
}
