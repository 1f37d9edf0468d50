import type { RemoteLlmConfig } from '../../config.ts';
import type { ModelUsage } from '../../ports/language-model.ts';
import { costUsd, priceOf } from '../../prices.ts';
import { createAnthropicModel } from './anthropic.ts';
import { createGeminiModel } from './gemini.ts';
import { type GuardedModel, type GuardOptions, guardModel } from './guarded-model.ts';
import { createOpenAiModel } from './openai.ts';
import { createCompatibleModel } from './openai-compatible.ts';
import type { ModelDriver } from './sdk-driver.ts';

export interface PricedModel extends GuardedModel {
  /** 0 where there is no price. */
  costUsd(usage: ModelUsage): number;
  /** Whether `costUsd` knows the model: LLM_PRICES tells it otherwise. */
  readonly hasPrice: boolean;
}

/**
 * The language model that the settings name, guarded and priced. Nothing is loaded or sent before it is asked.
 * @param onFault hears of every try that failed.
 */
export function createLanguageModel(config: RemoteLlmConfig, onFault?: GuardOptions['onFault']): PricedModel {
  const { maxConcurrent, timeoutMs } = config;
  const model = guardModel(driverOf(config), {
    maxConcurrent,
    timeoutMs,
    ...(onFault === undefined ? {} : { onFault }),
  });
  return {
    ...model,
    costUsd: (usage) => costUsd(config.model, usage, config.prices).usd,
    hasPrice: priceOf(config.model, config.prices) !== undefined,
  };
}

function driverOf(config: RemoteLlmConfig): ModelDriver {
  switch (config.provider) {
    case 'gemini':
      return createGeminiModel(config);
    case 'openai':
      return createOpenAiModel(config);
    case 'anthropic':
      return createAnthropicModel(config);
    case 'openai-compatible':
      return createCompatibleModel(config);
    default:
      return config satisfies never;
  }
}
