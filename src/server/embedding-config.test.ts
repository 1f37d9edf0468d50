import { expect, test } from 'vitest';
import { readConfig } from './config.ts';
import { BUNDLED_FINGERPRINT } from './drivers/embedder/model-folder.ts';
import { embeddingOf } from './embedding-config.ts';

const configured = (settings: Record<string, string>) =>
  readConfig({ LLM_PROVIDER: 'extractive', ...settings }).embedding;
const OPENAI = { EMBEDDING_PROVIDER: 'openai', OPENAI_API_KEY: 'sk-test' };

test('an earlier model of the same provider is asked as it wants to be asked, not as the new one', () => {
  const small = configured(OPENAI);
  expect(embeddingOf('openai/text-embedding-ada-002/1536', small)).toMatchObject({
    model: 'text-embedding-ada-002',
    dimensions: 1536,
    // it refuses a length
    sendsDimensions: false,
    fingerprint: 'openai/text-embedding-ada-002/1536',
  });
  const compatible = configured({
    EMBEDDING_PROVIDER: 'openai-compatible',
    EMBEDDING_BASE_URL: 'http://127.0.0.1:11434/v1',
    EMBEDDING_MODEL: 'bge-m3',
  });
  expect(compatible).toMatchObject({ maxTokens: 8192 });
  expect(embeddingOf('openai-compatible/org/all-minilm/384', compatible)).toMatchObject({
    model: 'org/all-minilm',
    dimensions: 384,
    maxTokens: 256,
  });
});

test('the bundled model can always be asked, another provider not any more', () => {
  expect(embeddingOf(BUNDLED_FINGERPRINT, configured(OPENAI))).toEqual({ provider: 'bundled' });
  expect(embeddingOf('gemini/gemini-embedding-001/768', configured(OPENAI))).toEqual({
    provider: 'away',
    fingerprint: 'gemini/gemini-embedding-001/768',
    dimensions: 768,
  });
  expect(embeddingOf('openai/text-embedding-3-small/1536', configured({}))).toMatchObject({
    provider: 'away',
  });
});
