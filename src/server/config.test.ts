import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigError, readConfig, readEnvironment } from './config.ts';

const faultsOf = (environment: Record<string, string>): readonly string[] => {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
};

test('nothing set means the embedded defaults', () => {
  const config = readConfig({});
  expect(config.listen).toMatchObject({ host: '127.0.0.1', port: 8000, metricsPort: 9091 });
  expect(config.uploads).toEqual({ maxBytes: 50 * 2 ** 20, maxBatchFiles: 100, userQuotaBytes: undefined });
  expect(config.registrationEnabled).toBe(true);
});

test('an empty variable is an unset one', () => {
  expect(readConfig({ PORT: '', USER_QUOTA_MB: '' }).listen.port).toBe(8000);
});

test('every fault is listed by the name of its setting', () => {
  const faults = faultsOf({
    PORT: 'http',
    WORKERS: '0',
    REGISTRATION_ENABLED: 'perhaps',
    PUBLIC_URL: 'example',
  });
  expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual([
    'PORT',
    'PUBLIC_URL',
    'REGISTRATION_ENABLED',
    'WORKERS',
  ]);
});

test('a fault of a secret does not show the secret', () => {
  const [fault] = faultsOf({ JWT_SECRET: 'too-short-hunter2' });
  expect(fault).toContain('JWT_SECRET');
  expect(fault).not.toContain('hunter2');
});

test('settings that contradict each other are refused', () => {
  expect(faultsOf({ CORS_ORIGINS: '*' })).toHaveLength(1);
  expect(faultsOf({ WORKERS: '4' })[0]).toContain('DATABASE_URL');
  expect(faultsOf({ DATABASE_URL: 'postgres://db/ka' })[0]).toContain('JWT_SECRET');
  expect(faultsOf({ DATABASE_READ_URLS: 'postgres://copy/ka' })[0]).toContain('DATABASE_URL');
});

test('addresses of replicas are checked and kept, and a wrong one is not shown', () => {
  const scaled = { DATABASE_URL: 'postgres://db/ka', JWT_SECRET: 'x'.repeat(32) };
  const readUrls = ['postgres://one/ka', 'postgresql://two/ka'];
  expect(readConfig({ ...scaled, DATABASE_READ_URLS: readUrls.join(', ') }).database).toMatchObject({
    readUrls,
  });
  for (const wrong of ['http://u:hunter2@one', 'hunter2', 'postgres://one/ka,hunter2']) {
    const faults = faultsOf({ ...scaled, DATABASE_READ_URLS: wrong });
    expect(faults).toEqual([expect.stringContaining('DATABASE_READ_URLS')]);
    expect(faults[0]).not.toContain('hunter2');
  }
});

test('the environment wins over the file .env', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ka-env-'));
  try {
    writeFileSync(join(folder, '.env'), 'PORT=9000\nHOST=0.0.0.0\n');
    expect(readConfig(readEnvironment(folder, { PORT: '9001' })).listen).toMatchObject({
      port: 9001,
      host: '0.0.0.0',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('answers are extracted unless a key is set, and the first provider with a key writes them', () => {
  expect(readConfig({}).llm).toEqual({ provider: 'extractive' });
  expect(readConfig({ ANTHROPIC_API_KEY: 'a', OPENAI_API_KEY: 'o' }).llm).toMatchObject({
    provider: 'openai',
    apiKey: 'o',
    baseUrl: undefined,
  });
  expect(readConfig({ OPENAI_API_KEY: 'o', GEMINI_API_KEY: 'g' }).llm).toMatchObject({
    provider: 'gemini',
    apiKey: 'g',
    maxConcurrent: 5,
    timeoutMs: 30_000,
    prices: {},
  });
  expect(readConfig({ GEMINI_API_KEY: 'g', LLM_PROVIDER: 'extractive' }).llm).toEqual({
    provider: 'extractive',
  });
});

test('a model of one’s own needs an address and a name, and no key', () => {
  expect(faultsOf({ LLM_PROVIDER: 'openai-compatible' }).map((fault) => fault.split(' ')[0])).toEqual([
    'LLM_BASE_URL',
    'LLM_MODEL',
  ]);
  expect(
    readConfig({
      LLM_PROVIDER: 'openai-compatible',
      LLM_BASE_URL: 'http://127.0.0.1:11434/v1/',
      LLM_MODEL: 'llama3.2',
      LLM_CONTEXT_TOKENS: '4096',
      LLM_PRICES: '{"llama3.2": {"prompt": 0.01, "completion": 0.02}}',
    }).llm,
  ).toMatchObject({
    provider: 'openai-compatible',
    apiKey: undefined,
    baseUrl: 'http://127.0.0.1:11434/v1',
    model: 'llama3.2',
    contextTokens: 4096,
    prices: { 'llama3.2': { prompt: 0.01, completion: 0.02 } },
  });
});

test('a provider without its key, and an address without a provider, are refused with the mend', () => {
  expect(faultsOf({ LLM_PROVIDER: 'gemini' })).toEqual([
    expect.stringMatching(/^GEMINI_API_KEY is missing.*extractive/),
  ]);
  expect(faultsOf({ LLM_PROVIDER: 'anthropic', OPENAI_API_KEY: 'o' })).toEqual([
    expect.stringContaining('ANTHROPIC_API_KEY'),
  ]);
  expect(faultsOf({ LLM_BASE_URL: 'http://127.0.0.1:11434/v1' })).toEqual([
    expect.stringContaining('LLM_PROVIDER'),
  ]);
  expect(faultsOf({ LLM_PRICES: '{"m": 1}' })).toEqual([expect.stringContaining('LLM_PRICES')]);
});
