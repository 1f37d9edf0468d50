import { limitsOf } from './model-limits.ts';
import { createSdkDriver, type ModelDriver, type RemoteModelOptions } from './sdk-driver.ts';

/** OpenAI by chat completions, which gateways in front of it speak too. */
export function createOpenAiModel({
  model,
  apiKey,
  baseUrl,
  contextTokens,
}: RemoteModelOptions): ModelDriver {
  const baseURL = baseUrl ?? 'https://api.openai.com/v1';
  return createSdkDriver({
    service: 'OpenAI',
    model,
    keyName: 'OPENAI_API_KEY',
    limits: limitsOf(model, contextTokens),
    reasoning: 'none',
    open: async () => (await import('@ai-sdk/openai')).createOpenAI({ apiKey, baseURL }).chat(model),
    probe: {
      url: `${baseURL}/models/${encodeURIComponent(model)}`,
      headers: { authorization: `Bearer ${apiKey}` },
    },
  });
}
