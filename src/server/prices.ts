import type { ModelUsage } from './ports/language-model.ts';

/** USD per million tokens. */
export interface Price {
  readonly prompt: number;
  readonly completion: number;
}

interface Listed extends Price {
  /** What is announced for later. */
  readonly later?: Price & { readonly from: string };
}

const FLASH: Listed = {
  prompt: 0.75,
  completion: 3.75,
  later: { from: '2027-01-01', prompt: 1.5, completion: 7.5 },
};

/** Day of the table below. */
export const PRICES_AS_OF = '2026-11-23';

/**
 * Of 23 November 2026, from Google's page of Gemini API prices, OpenAI's page of API prices and Anthropic's overview of
 * models, as these and reports of their changes name them. Single requests with prompts of ordinary length: some models
 * cost more above 100,000 tokens, which no question here has; rebates for cached prompts and batches are left out.
 */
const PRICES: Readonly<Record<string, Listed>> = {
  'gemini-2.5-flash-lite': { prompt: 0.1, completion: 0.4 },
  'gemini-2.5-flash': { prompt: 0.3, completion: 2.5 },
  'gemini-2.5-pro': { prompt: 1.25, completion: 10 },
  'gemini-3-flash-preview': { prompt: 0.5, completion: 3 },
  'gemini-3.1-flash-lite': { prompt: 0.25, completion: 1.5 },
  'gemini-3.1-pro-preview': { prompt: 2, completion: 12 },
  'gemini-3.5-flash-lite': { prompt: 0.3, completion: 2.5 },
  'gemini-3.5-flash': { prompt: 1.5, completion: 9 },
  'gemini-3.6-flash': FLASH,
  'gemini-3.7-flash': FLASH,
  'gemini-3.8-flash': FLASH,
  'gpt-4o-mini': { prompt: 0.15, completion: 0.6 },
  'gpt-4o': { prompt: 2.5, completion: 10 },
  'gpt-4.1-nano': { prompt: 0.1, completion: 0.4 },
  'gpt-4.1-mini': { prompt: 0.4, completion: 1.6 },
  'gpt-4.1': { prompt: 2, completion: 8 },
  'gpt-5-nano': { prompt: 0.05, completion: 0.4 },
  'gpt-5-mini': { prompt: 0.25, completion: 2 },
  'gpt-5': { prompt: 1.25, completion: 10 },
  'gpt-5.1': { prompt: 1.25, completion: 10 },
  'gpt-5.2': { prompt: 1.75, completion: 14 },
  'gpt-5.6-luna': { prompt: 0.2, completion: 1.2 },
  'gpt-5.6-terra': { prompt: 2, completion: 12 },
  'gpt-5.6-sol': { prompt: 4, completion: 20 },
  'gpt-6-luna': { prompt: 0.1, completion: 0.5 },
  'gpt-6-sol': { prompt: 2, completion: 10 },
  'gpt-6-astra': { prompt: 10, completion: 50 },
  'gpt-6.1-sol': { prompt: 2, completion: 10 },
  'gpt-6.2-sol': { prompt: 2, completion: 10 },
  'gpt-6.2-astra': { prompt: 8, completion: 40 },
  'claude-haiku-4-5': { prompt: 1, completion: 5 },
  'claude-haiku-5-5': { prompt: 0.1, completion: 0.5 },
  'claude-sonnet-4-5': { prompt: 3, completion: 15 },
  'claude-sonnet-4-6': { prompt: 3, completion: 15 },
  'claude-sonnet-5': { prompt: 2, completion: 10 },
  'claude-sonnet-5-5': { prompt: 2, completion: 10 },
  'claude-opus-4-5': { prompt: 5, completion: 25 },
  'claude-opus-4-6': { prompt: 5, completion: 25 },
  'claude-opus-4-7': { prompt: 5, completion: 25 },
  'claude-opus-4-8': { prompt: 5, completion: 25 },
  'claude-opus-5': { prompt: 5, completion: 25 },
  'claude-opus-5-5': { prompt: 4, completion: 20 },
  'claude-fable-5': { prompt: 10, completion: 50 },
  'claude-fable-5-1': { prompt: 10, completion: 50 },
  'gemini-embedding-001': { prompt: 0.15, completion: 0 },
  'text-embedding-3-small': { prompt: 0.02, completion: 0 },
  'text-embedding-3-large': { prompt: 0.13, completion: 0 },
  'text-embedding-ada-002': { prompt: 0.1, completion: 0 },
};

/** A snapshot's date at the end of a name, as OpenAI and Anthropic write it. */
const SNAPSHOT = /-(?:\d{8}|\d{4}-\d{2}-\d{2})$/;

/**
 * What a model's tokens cost on a day, `overrides` (`LLM_PRICES`) first. A dated snapshot costs what its model does;
 * undefined for a model that nobody has named a price for.
 */
export function priceOf(
  model: string,
  overrides: Readonly<Record<string, Price>> = {},
  at: Date = new Date(),
): Price | undefined {
  const own = (table: Readonly<Record<string, Listed>>, name: string) =>
    Object.hasOwn(table, name) ? table[name] : undefined;
  const family = model.replace(SNAPSHOT, '');
  const listed = own(overrides, model) ?? own(overrides, family) ?? own(PRICES, model) ?? own(PRICES, family);
  if (listed?.later === undefined) return listed;
  const { later, ...now } = listed;
  return at.toISOString() >= later.from ? { prompt: later.prompt, completion: later.completion } : now;
}

export interface Cost {
  readonly usd: number;
  /** False: there is no price for the model, and `usd` is 0. */
  readonly known: boolean;
}

export function costUsd(
  model: string,
  usage: ModelUsage,
  overrides?: Readonly<Record<string, Price>>,
  at?: Date,
): Cost {
  const price = priceOf(model, overrides, at);
  if (price === undefined) return { usd: 0, known: false };
  const usd = (usage.promptTokens * price.prompt + usage.completionTokens * price.completion) / 1_000_000;
  return { usd, known: true };
}
