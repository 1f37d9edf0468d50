import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LanguageModelV4, LanguageModelV4Prompt, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import type { FinishReason, LanguageModel, ModelEvent, ModelRequest } from '../../ports/language-model.ts';
import { explainFailure, type ModelAddress, refused, unreachable } from './explain-failure.ts';
import { ModelFault } from './model-fault.ts';
import type { ModelLimits } from './model-limits.ts';

/** A provider's model, one request at a time: no queue, no retries, no deadline. */
export interface ModelDriver extends LanguageModel {
  readonly service: string;
  /**
   * Loads the client and opens a connection by asking what costs nothing.
   * @throws ModelFault when the provider is away, refuses the key or has no such model.
   */
  check(signal: AbortSignal): Promise<void>;
}

/** Where a model is and how it is asked. */
export interface RemoteModelOptions {
  readonly model: string;
  readonly apiKey: string;
  /** Undefined: the provider's own. */
  readonly baseUrl?: string | undefined;
  /** Undefined: what is known of the model. */
  readonly contextTokens?: number | undefined;
}

export interface SdkDriverOptions extends ModelAddress {
  readonly limits: ModelLimits;
  /** `none`: as little as the model can; `provider-default` where nothing is known of it. */
  readonly reasoning: 'none' | 'provider-default';
  /** Called once, by the first request: the clients take 20 MB that an installation without a model never pays. */
  readonly open: () => Promise<LanguageModelV4>;
  /** Answers 2xx to a valid key; `lists`: with all models there are, otherwise with this one. */
  readonly probe: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly lists?: true;
  };
}

/** For what a model thinks before it speaks; at the least effort some hundred tokens are usual. */
const THINKING_TOKENS = 4096;

/** A driver over one model of the AI SDK's provider interface, used below its own retries and loops. */
export function createSdkDriver(options: SdkDriverOptions): ModelDriver {
  const { service, model: name, limits, reasoning, probe } = options;
  let opened: Promise<LanguageModelV4> | undefined;
  const open = () => {
    opened ??= options.open().catch(() => {
      throw new ModelFault(service, 'model', `The client for ${service} cannot be loaded: run npm ci.`);
    });
    return opened;
  };
  return {
    service,
    name,
    contextTokens: limits.contextTokens,
    maxReplyTokens: limits.maxReplyTokens,
    async *generate(request, signal) {
      const stopping = new AbortController();
      const stop = () => stopping.abort(signal.reason);
      signal.throwIfAborted();
      signal.addEventListener('abort', stop, { once: true });
      try {
        const model = await open();
        const { stream } = await model.doStream({
          prompt: promptOf(request),
          maxOutputTokens: request.maxTokens + (limits.thinks ? THINKING_TOKENS : 0),
          temperature: request.temperature,
          reasoning,
          abortSignal: stopping.signal,
        });
        yield* eventsOf(stream, options);
      } catch (error) {
        signal.throwIfAborted();
        throw explainFailure(error, options);
      } finally {
        signal.removeEventListener('abort', stop);
        // whoever stops listening in the middle ends the request, and does not pay for the rest of the reply
        stopping.abort();
      }
    },
    async check(signal) {
      await open();
      let response: Response;
      let body: string;
      try {
        response = await fetch(probe.url, { headers: probe.headers, signal });
        body = await response.text();
      } catch (error) {
        signal.throwIfAborted();
        throw unreachable(error, options);
      }
      if (!response.ok) throw refused(response.status, body, Object.fromEntries(response.headers), options);
      if (probe.lists === true) needListed(body, options);
    },
  };
}

/** @param body OpenAI's list of models. @throws ModelFault when it names some, but not this one. */
function needListed(body: string, { service, model }: ModelAddress): void {
  const names = [...body.matchAll(/"id"\s*:\s*"([^"]{1,200})"/g)].map(([, name]) => name);
  // Ollama adds the tag that is meant where none is given
  if (names.length === 0 || names.includes(model) || names.includes(`${model}:latest`)) return;
  const some = `${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
  throw new ModelFault(
    service,
    'model',
    `${service} does not list ${model}: set LLM_MODEL (it has ${some}).`,
  );
}

function promptOf({ system, messages }: ModelRequest): LanguageModelV4Prompt {
  return [
    ...(system === '' ? [] : [{ role: 'system' as const, content: system }]),
    ...messages.map(({ role, content }) => ({ role, content: [{ type: 'text' as const, text: content }] })),
  ];
}

async function* eventsOf(
  stream: ReadableStream<LanguageModelV4StreamPart>,
  address: ModelAddress,
): AsyncGenerator<ModelEvent> {
  for await (const part of stream) {
    if (part.type === 'error') throw explainFailure(part.error, address);
    if (part.type === 'text-delta' && part.delta !== '') {
      yield { type: 'text', text: part.delta };
      // parts come many at a time: what was handed out is sent before somebody works on the next one (bench A4: the
      // first word reaches its reader in a median of 2 ms, without it in 20)
      await nextTurn();
    }
    if (part.type !== 'finish') continue;
    const { unified } = part.finishReason;
    if (unified === 'interrupted' || unified === 'error') break;
    yield {
      type: 'end',
      usage: {
        promptTokens: part.usage.inputTokens.total ?? 0,
        completionTokens: part.usage.outputTokens.total ?? 0,
      },
      finishReason: REASONS[unified] ?? 'other',
    };
    return;
  }
  throw new ModelFault(address.service, 'away', `The reply of ${address.service} broke off.`);
}

const REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'filtered',
};
