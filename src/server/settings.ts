import { z } from 'zod';

/**
 * Every setting: its name in the environment, how its text is read, its default and what it means.
 * `docs/configuration.md` is generated from this table.
 */
export interface Setting<T = unknown> {
  readonly schema: z.ZodType<T, string | undefined>;
  readonly meaning: string;
  /** As the documentation shows it. */
  readonly fallback: string;
  /** Never printed, not even in a fault. */
  readonly secret?: true;
}

const setting = <T>(
  schema: z.ZodType<T, string | undefined>,
  fallback: string,
  meaning: string,
): Setting<T> => ({ schema, fallback, meaning });
const secret = <T>(
  schema: z.ZodType<T, string | undefined>,
  fallback: string,
  meaning: string,
): Setting<T> => ({ schema, fallback, meaning, secret: true });

const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
const money = z
  .string()
  .regex(/^\d+(?:\.\d+)?$/, 'must be an amount such as 5 or 0.50')
  .transform(Number)
  .pipe(z.number().max(1_000_000, 'must be at most 1000000'));
const flag = z
  .enum(['true', 'false', '1', '0'], 'must be true or false')
  .transform((v) => v === 'true' || v === '1');
const list = z.string().transform((v) =>
  v
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (v) => URL.canParse(v) && protocols.includes(new URL(v).protocol),
      `must be a URL that begins with ${protocols.map((p) => `${p}//`).join(' or ')}`,
    );
const or = <T>(schema: z.ZodType<T, string>, fallback: T) =>
  schema.optional().transform((v) => (v === undefined ? fallback : v));

const prices = z.string().transform((text, context) => {
  try {
    return z
      .record(z.string(), z.object({ prompt: z.number().min(0), completion: z.number().min(0) }))
      .parse(JSON.parse(text));
  } catch {
    context.addIssue({
      code: 'custom',
      message: 'must be JSON: {"model": {"prompt": USD per million tokens, "completion": …}}',
    });
    return z.NEVER;
  }
});

/** What a provider is asked for when nothing is said: its small and quick models, as of November 2026. */
export const DEFAULT_MODELS = {
  gemini: 'gemini-3.5-flash-lite',
  openai: 'gpt-6-luna',
  anthropic: 'claude-haiku-5-5',
} as const;

export const SETTINGS = {
  PORT: setting(or(whole(0, 65535), 8000), '8000', 'Port of the API and the web app; 0 takes a free one'),
  HOST: setting(or(z.string().min(1), '127.0.0.1'), '127.0.0.1', 'Address to listen on'),
  METRICS_PORT: setting(or(whole(0, 65535), 9091), '9091', 'Port of the Prometheus metrics'),
  PUBLIC_URL: setting(
    url('http:', 'https:').optional(),
    '–',
    'Address under which people reach the app; https turns on secure cookies',
  ),
  TRUST_PROXY: setting(
    or(flag, false),
    'false',
    'Take client addresses from x-forwarded-for; only behind a proxy of your own',
  ),
  CORS_ORIGINS: setting(or(list, []), 'none', 'Other origins, comma-separated, whose pages may call the API'),
  DATA_DIR: setting(or(z.string().min(1), './data'), './data', 'Database, files and index; on a local disk'),
  DATABASE_URL: secret(
    url('postgres:', 'postgresql:').optional(),
    'SQLite in DATA_DIR',
    'PostgreSQL for all records',
  ),
  DATABASE_POOL_SIZE: setting(
    or(whole(2, 500), 10),
    '10',
    'Connections of a process to PostgreSQL for requests; its threads take some 10 more',
  ),
  DATABASE_CA_FILE: setting(
    z.string().min(1).optional(),
    '–',
    "PEM file of the authority that signed the PostgreSQL server's certificate",
  ),
  DATABASE_READ_URLS: secret(
    or(list, []),
    'none',
    'Streaming replicas of DATABASE_URL, comma-separated, that lists and searches read in turn',
  ),
  VECTOR_URL: setting(
    url('http:', 'https:').optional(),
    'embedded',
    'Qdrant server; also read from QDRANT_URL',
  ),
  VECTOR_API_KEY: secret(z.string().min(1).optional(), '–', 'Its API key; also read from QDRANT_API_KEY'),
  REDIS_URL: secret(
    url('redis:', 'rediss:').optional(),
    'in-process',
    'Caches, rate limits and live progress shared by replicas',
  ),
  STORAGE_URL: setting(
    url('s3:').optional(),
    'DATA_DIR/files',
    'Object store for original files: s3://bucket/prefix, used by this installation alone',
  ),
  STORAGE_DOWNLOADS: setting(
    or(z.enum(['proxied', 'presigned'], 'must be proxied or presigned'), 'proxied' as const),
    'proxied',
    'Whether clients get files of the object store through this server, or are sent to it with an address that holds for five minutes; the web app always gets them through this server',
  ),
  AWS_REGION: setting(z.string().min(1).optional(), 'us-east-1', 'Region of the object store'),
  AWS_ENDPOINT_URL_S3: setting(
    url('http:', 'https:').optional(),
    "Amazon's",
    'Another service that speaks S3, such as MinIO or R2; also read from AWS_ENDPOINT_URL',
  ),
  AWS_ACCESS_KEY_ID: secret(
    z.string().min(1).optional(),
    'role of the machine',
    'Credentials of the object store; where they are not set, they come from a role or a profile',
  ),
  AWS_SECRET_ACCESS_KEY: secret(z.string().min(1).optional(), '–', 'The secret that goes with it'),
  AWS_SESSION_TOKEN: secret(z.string().min(1).optional(), '–', 'For temporary credentials'),
  LLM_PROVIDER: setting(
    z
      .enum(
        ['extractive', 'gemini', 'openai', 'anthropic', 'openai-compatible'],
        'must be extractive, gemini, openai, anthropic or openai-compatible',
      )
      .optional(),
    'the first with a key: gemini, openai, anthropic; else extractive',
    'Who writes the answers; extractive quotes the documents with no model',
  ),
  LLM_MODEL: setting(
    z.string().min(1).optional(),
    `gemini: ${DEFAULT_MODELS.gemini}, openai: ${DEFAULT_MODELS.openai}, anthropic: ${DEFAULT_MODELS.anthropic}`,
    'Model name; openai-compatible has no default',
  ),
  LLM_BASE_URL: setting(
    url('http:', 'https:').optional(),
    "the provider's",
    'Address of the API, up to its version (http://127.0.0.1:11434/v1 for Ollama); openai-compatible needs it',
  ),
  LLM_CONTEXT_TOKENS: setting(
    whole(2048, 10_000_000).optional(),
    "the model's, or 8192 for one that is not known",
    'What prompt and answer may take together',
  ),
  GEMINI_API_KEY: secret(z.string().min(1).optional(), '–', 'Key for Gemini'),
  OPENAI_API_KEY: secret(z.string().min(1).optional(), '–', 'Key for OpenAI, or for openai-compatible'),
  ANTHROPIC_API_KEY: secret(z.string().min(1).optional(), '–', 'Key for Anthropic'),
  LLM_MAX_CONCURRENT: setting(or(whole(1, 1000), 5), '5', 'Requests to the model at a time'),
  LLM_TIMEOUT_MS: setting(
    or(whole(100, 600_000), 30_000),
    '30000',
    'Deadline of one answer by the model with waiting and repeats, in milliseconds; its first word must come in half of it',
  ),
  LLM_CACHE_TTL_S: setting(
    or(whole(0, 31_536_000), 3600),
    '3600',
    'How long an answer may be served again, in seconds; 0 turns it off',
  ),
  LLM_PRICES: setting(prices.optional(), 'built-in table', 'Prices per million tokens by model, as JSON'),
  EMBEDDING_PROVIDER: setting(
    or(
      z.enum(
        ['bundled', 'gemini', 'openai', 'openai-compatible'],
        'must be bundled, gemini, openai or openai-compatible',
      ),
      'bundled' as const,
    ),
    'bundled',
    'Who embeds passages and questions',
  ),
  EMBEDDING_MODEL: setting(
    z.string().min(1).optional(),
    'gemini: gemini-embedding-001, openai: text-embedding-3-small',
    'Model name; the bundled model has none, openai-compatible needs one',
  ),
  EMBEDDING_BASE_URL: setting(
    url('http:', 'https:').optional(),
    "the provider's; LLM_BASE_URL where both are the same provider",
    'Address of the API, up to its version; openai-compatible needs it',
  ),
  EMBEDDING_DIMENSIONS: setting(
    whole(1, 4096).optional(),
    "the model's; gemini 768",
    'Length of the vectors: gemini and openai make them so long, of openai-compatible it tells how long they are',
  ),
  JWT_SECRET: secret(
    z.string().min(32, 'must have at least 32 characters').optional(),
    'made and kept in DATA_DIR',
    'Signs access tokens; required with PostgreSQL',
  ),
  JWT_SECRET_PREVIOUS: secret(
    z.string().min(32, 'must have at least 32 characters').optional(),
    '–',
    'Tokens that it signed are taken too: the old JWT_SECRET until nobody holds its tokens any more (15 minutes), or the next one ahead of a change',
  ),
  REGISTRATION_ENABLED: setting(
    or(flag, true),
    'true',
    'Whether people may make accounts themselves; the first account always may',
  ),
  MAX_UPLOAD_MB: setting(or(whole(1, 10_000), 50), '50', 'Largest file, in MB'),
  MAX_BATCH_FILES: setting(or(whole(1, 10_000), 100), '100', 'Files in one batch upload'),
  USER_QUOTA_MB: setting(whole(1, 100_000_000).optional(), 'none', 'Storage for each user, in MB'),
  USER_DAILY_BUDGET_USD: setting(
    money.optional(),
    'none',
    'What each user without a budget of their own may spend on language models in a day (UTC), in US dollars',
  ),
  USER_MONTHLY_BUDGET_USD: setting(
    money.optional(),
    'none',
    'The same for a month; an administrator can set another for one user',
  ),
  WORKERS: setting(or(whole(1, 256), 1), '1', 'API processes; more than 1 needs PostgreSQL'),
  MAX_CONNECTIONS: setting(or(whole(1, 1_000_000), 1000), '1000', 'HTTP connections at a time'),
  JOB_CONCURRENCY: setting(whole(1, 256).optional(), 'cores', 'Documents worked on at a time'),
  OCR: setting(
    or(z.enum(['auto', 'off'], 'must be auto or off'), 'auto' as const),
    'auto',
    'Whether scanned pages and pictures are read: auto where the program tesseract is installed, in the background',
  ),
  OCR_LANGUAGES: setting(
    or(
      list.pipe(
        z
          .array(z.string().regex(/^[A-Za-z]\w*$/, 'must be codes of tesseract such as eng,deu'))
          .min(1, 'must name a language'),
      ),
      ['eng'],
    ),
    'eng',
    "Languages of scanned pages and pictures, comma-separated, as tesseract's data files call them; the first counts most",
  ),
  MEMORY_LIMIT_MB: setting(
    whole(128, 1_000_000).optional(),
    'cgroup limit, else 512 for each of WORKERS',
    'Above 80 % of it caches shrink, above 95 % new heavy work is refused',
  ),
  QUERY_CACHE_TTL_S: setting(
    or(whole(0, 31_536_000), 300),
    '300',
    'How long a search result may be served again, in seconds; 0 turns it off',
  ),
  QUERY_CACHE_SIZE: setting(or(whole(0, 10_000_000), 1000), '1000', 'Search results kept'),
  EMBEDDING_CACHE_SIZE: setting(
    or(whole(0, 10_000_000), 10_000),
    '10000',
    'Vectors of questions and of sentences compared with them kept',
  ),
  RATE_LIMIT_PER_MINUTE: setting(
    or(whole(0, 10_000_000), 600),
    '600',
    'Requests a minute for each user or address; 0 turns the limit off',
  ),
  LOG_LEVEL: setting(
    or(
      z.enum(
        ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
        'must be fatal, error, warn, info, debug, trace or silent',
      ),
      'info' as const,
    ),
    'info',
    'What is logged',
  ),
  SLOW_REQUEST_MS: setting(
    or(whole(0, 3_600_000), 1000),
    '1000',
    'Requests that take so many milliseconds are logged with their stages; 0 turns it off',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: setting(
    url('http:', 'https:').optional(),
    'none',
    'Collector that takes traces as OTLP over HTTP, for example http://localhost:4318',
  ),
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
export type SettingValues = { readonly [N in SettingName]: z.output<(typeof SETTINGS)[N]['schema']> };

/** Other names that are read where the first is unset. */
export const ALIASES: Partial<Record<SettingName, string>> = {
  VECTOR_URL: 'QDRANT_URL',
  VECTOR_API_KEY: 'QDRANT_API_KEY',
  AWS_ENDPOINT_URL_S3: 'AWS_ENDPOINT_URL',
};
