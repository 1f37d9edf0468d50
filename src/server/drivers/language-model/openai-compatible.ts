import { limitsOf } from './model-limits.ts';
import { createSdkDriver, type ModelDriver, type RemoteModelOptions } from './sdk-driver.ts';

export interface CompatibleModelOptions extends Pick<RemoteModelOptions, 'model' | 'contextTokens'> {
  /** Ends before `/chat/completions`: `http://127.0.0.1:11434/v1` for Ollama. */
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
}

/** Any server that speaks OpenAI's chat completions: Ollama, vLLM, LM Studio, llama.cpp, gateways. */
export function createCompatibleModel(options: CompatibleModelOptions): ModelDriver {
  const { model, apiKey, baseUrl: baseURL, contextTokens } = options;
  const headers: Record<string, string> = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };
  return createSdkDriver({
    service: new URL(baseURL).host,
    model,
    keyName: 'OPENAI_API_KEY',
    limits: limitsOf(model, contextTokens),
    reasoning: 'provider-default',
    open: async () => {
      const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
      // some servers send no usage unless they are asked
      return createOpenAICompatible({ name: 'compatible', baseURL, headers, includeUsage: true })(model);
    },
    probe: { url: `${baseURL}/models`, headers, lists: true },
  });
}
