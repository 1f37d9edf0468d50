import { expect, test } from 'vitest';
import { costUsd, priceOf } from './prices.ts';
import { DEFAULT_MODELS } from './settings.ts';

const MILLION = { promptTokens: 1_000_000, completionTokens: 1_000_000 };

test('every default model has a price', () => {
  for (const model of Object.values(DEFAULT_MODELS))
    expect(costUsd(model, MILLION)).toMatchObject({ known: true, usd: expect.any(Number) });
});

test('a cost is tokens times price', () => {
  expect(costUsd('gpt-6-luna', { promptTokens: 3000, completionTokens: 200 }).usd).toBeCloseTo(0.0004, 10);
});

test('a snapshot costs what its model costs', () => {
  expect(priceOf('claude-haiku-4-5-20251001')).toEqual(priceOf('claude-haiku-4-5'));
  expect(priceOf('gpt-5-mini-2025-08-07')).toEqual({ prompt: 0.25, completion: 2 });
});

test('a model without a price costs nothing, and that is told', () => {
  expect(costUsd('llama3.2', MILLION)).toEqual({ usd: 0, known: false });
  expect(costUsd('constructor', MILLION)).toEqual({ usd: 0, known: false });
});

test('prices of the operator win', () => {
  const own = { 'llama3.2': { prompt: 0.01, completion: 0.02 }, 'gpt-4o': { prompt: 1, completion: 1 } };
  expect(costUsd('llama3.2', MILLION, own).usd).toBeCloseTo(0.03, 10);
  expect(costUsd('gpt-4o-2024-11-20', MILLION, own).usd).toBeCloseTo(2, 10);
});

test('an announced price holds from its day on', () => {
  expect(priceOf('gemini-3.8-flash', {}, new Date('2026-12-31T23:59:59Z'))).toEqual({
    prompt: 0.75,
    completion: 3.75,
  });
  expect(priceOf('gemini-3.8-flash', {}, new Date('2027-01-01T00:00:00Z'))).toEqual({
    prompt: 1.5,
    completion: 7.5,
  });
});
