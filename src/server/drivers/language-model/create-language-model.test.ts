import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  FAKE_KEY,
  type FakeLanguageModel,
  startFakeLanguageModel,
} from '../../../../test/support/fake-language-model.ts';
import type { Dialect } from '../../../../test/support/fake-model-wire.ts';
import { readConfig } from '../../config.ts';
import { createLanguageModel } from './create-language-model.ts';

let fake: FakeLanguageModel;
beforeAll(async () => {
  fake = await startFakeLanguageModel({
    models: ['gemini-3.5-flash-lite', 'gpt-6-luna', 'claude-haiku-5-5', 'qwen3'],
    answer: ({ model }) => `I am ${model}.`,
  });
});
afterAll(() => fake.close());

const open = (dialect: Dialect, environment: Record<string, string>) => {
  const { llm } = readConfig({ LLM_BASE_URL: fake.baseUrl(dialect), ...environment });
  if (llm.provider === 'extractive') throw new Error('no model was chosen');
  return createLanguageModel(llm);
};

test.each([
  ['gemini', { GEMINI_API_KEY: FAKE_KEY }, 'gemini-3.5-flash-lite'],
  ['openai', { OPENAI_API_KEY: FAKE_KEY }, 'gpt-6-luna'],
  ['anthropic', { ANTHROPIC_API_KEY: FAKE_KEY }, 'claude-haiku-5-5'],
  ['openai', { LLM_PROVIDER: 'openai-compatible', LLM_MODEL: 'qwen3', OPENAI_API_KEY: FAKE_KEY }, 'qwen3'],
] as const)(
  'settings for %s choose its default model, its client and its price: %j',
  async (dialect, environment, name) => {
    const model = open(dialect, environment);
    const request = {
      system: 'Say who you are.',
      messages: [{ role: 'user' as const, content: 'Who?' }],
      maxTokens: 50,
      temperature: 0,
    };
    let text = '';
    for await (const event of model.generate(request, new AbortController().signal))
      if (event.type === 'text') text += event.text;
    expect(text).toBe(`I am ${name}.`);
    expect(fake.seen.at(-1)).toMatchObject({ dialect, model: name });
    expect(model.name).toBe(name);
    expect(model.hasPrice).toBe(name !== 'qwen3');
    const usd = model.costUsd({ promptTokens: 1000, completionTokens: 1000 });
    if (model.hasPrice) expect(usd).toBeGreaterThan(0);
    else expect(usd).toBe(0);
  },
);

test('the context that the operator names counts more than what is known', () => {
  const environment = { LLM_PROVIDER: 'openai-compatible', LLM_MODEL: 'qwen3' };
  expect(open('openai', environment)).toMatchObject({ contextTokens: 8192 });
  expect(open('openai', { ...environment, LLM_CONTEXT_TOKENS: '32768' })).toMatchObject({
    contextTokens: 32_768,
    maxReplyTokens: 4096,
  });
  expect(open('gemini', { GEMINI_API_KEY: FAKE_KEY }).contextTokens).toBeGreaterThan(1_000_000);
});

test('no client of a provider is loaded before it is asked', () => {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
    const { createLanguageModel } = await import(${JSON.stringify(new URL('./create-language-model.ts', import.meta.url).href)});
    const model = createLanguageModel({ provider: 'gemini', apiKey: 'x', model: 'm', baseUrl: undefined,
      contextTokens: undefined, maxConcurrent: 1, timeoutMs: 1000, prices: {} });
    model.health();
    console.log(JSON.stringify(loaded.filter((url) => url.includes('/@ai-sdk/'))));
  `;
  const out = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' });
  expect(JSON.parse(out)).toEqual([]);
});
