import { limitsOf } from './model-limits.ts';
import { createSdkDriver, type ModelDriver, type RemoteModelOptions } from './sdk-driver.ts';

/** Gemini by Google's Generative Language API, v1beta. */
export function createGeminiModel({
  model,
  apiKey,
  baseUrl,
  contextTokens,
}: RemoteModelOptions): ModelDriver {
  const baseURL = baseUrl ?? 'https://generativelanguage.googleapis.com/v1beta';
  return createSdkDriver({
    service: 'Gemini',
    model,
    keyName: 'GEMINI_API_KEY',
    limits: limitsOf(model, contextTokens),
    reasoning: 'none',
    open: async () => (await import('@ai-sdk/google')).createGoogle({ apiKey, baseURL })(model),
    probe: { url: `${baseURL}/models/${encodeURIComponent(model)}`, headers: { 'x-goog-api-key': apiKey } },
  });
}
