import { limitsOf } from './model-limits.ts';
import { createSdkDriver, type ModelDriver, type RemoteModelOptions } from './sdk-driver.ts';

/** Claude by Anthropic's Messages API. */
export function createAnthropicModel(options: RemoteModelOptions): ModelDriver {
  const { model, apiKey, contextTokens, baseUrl: baseURL = 'https://api.anthropic.com/v1' } = options;
  return createSdkDriver({
    service: 'Anthropic',
    model,
    keyName: 'ANTHROPIC_API_KEY',
    limits: limitsOf(model, contextTokens),
    reasoning: 'none',
    open: async () => (await import('@ai-sdk/anthropic')).createAnthropic({ apiKey, baseURL })(model),
    probe: {
      url: `${baseURL}/models/${encodeURIComponent(model)}`,
      headers: { 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' },
    },
  });
}
