import type { IncomingHttpHeaders } from 'node:http';

/** The wire formats that language models are asked in; `openai` is also what compatible servers speak. */
export type Dialect = 'gemini' | 'openai' | 'anthropic';

export interface PromptSeen {
  readonly model: string;
  readonly system: string;
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
  /** The last message. */
  readonly prompt: string;
  readonly maxTokens: number | undefined;
  readonly temperature: number | undefined;
}

export interface Usage {
  readonly prompt: number;
  readonly completion: number;
}

export type Finish = 'stop' | 'length' | 'filtered';

/** One provider's requests, answers, events of a stream and errors. */
export interface Wire {
  readonly dialect: Dialect;
  hasKey(headers: IncomingHttpHeaders, key: string): boolean;
  readonly keyFault: { readonly status: number; readonly body: unknown };
  /** What `GET` answers: the list of models, or one of them; undefined when there is none. */
  models(path: string, names: readonly string[]): unknown;
  modelOf(path: string, body: unknown): string;
  isStreamed(path: string, body: unknown): boolean;
  read(body: unknown): Omit<PromptSeen, 'model'>;
  begin(model: string, usage: Usage): readonly string[];
  part(model: string, text: string): readonly string[];
  end(model: string, finish: Finish, usage: Usage): readonly string[];
  fault(status: number, code?: string): unknown;
  errorInStream(code: string): readonly string[];
}

/** By the path of a request, or by the dialect itself. */
export function wireOf(path: string): Wire | undefined {
  if (path === 'gemini' || path.startsWith('/v1beta/models')) return gemini;
  if (path === 'anthropic' || path === '/v1/messages') return anthropic;
  if (path === 'openai' || path === '/v1/chat/completions' || path.startsWith('/v1/models')) return openai;
  return undefined;
}

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;

interface Turn {
  readonly role: string;
  readonly content?: string | readonly { readonly text?: string }[];
  readonly parts?: readonly { readonly text?: string }[];
}

const textOf = (content: Turn['content']): string =>
  typeof content === 'string' ? content : (content ?? []).map(({ text }) => text ?? '').join('');

function promptOf(
  system: string,
  turns: readonly { readonly role: string; readonly content: string }[],
  limits: Pick<PromptSeen, 'maxTokens' | 'temperature'>,
): Omit<PromptSeen, 'model'> {
  const messages = turns.map(({ role, content }) => ({
    role: role === 'user' ? ('user' as const) : ('assistant' as const),
    content,
  }));
  return { system, messages, prompt: messages.at(-1)?.content ?? '', ...limits };
}

const lastOf = (path: string) => decodeURIComponent(path.split('/').at(-1) ?? '');

const openai: Wire = {
  dialect: 'openai',
  // the list of models and one of them are also how Anthropic's clients look
  hasKey: (headers, key) => headers.authorization === `Bearer ${key}` || headers['x-api-key'] === key,
  keyFault: {
    status: 401,
    body: {
      error: {
        message: 'Incorrect API key provided: fak***',
        type: 'invalid_request_error',
        code: 'invalid_api_key',
      },
    },
  },
  models(path, names) {
    if (path === '/v1/models') return { object: 'list', data: names.map((id) => ({ id, object: 'model' })) };
    return names.includes(lastOf(path)) ? { id: lastOf(path), object: 'model' } : undefined;
  },
  modelOf: (_path, body) => (body as { model: string }).model,
  isStreamed: (_path, body) => (body as { stream?: boolean }).stream === true,
  read(body) {
    const { messages, ...rest } = body as {
      messages: readonly Turn[];
      max_tokens?: number;
      max_completion_tokens?: number;
      temperature?: number;
    };
    const turns = messages.map(({ role, content }) => ({ role, content: textOf(content) }));
    const isSystem = ({ role }: { role: string }) => role === 'system' || role === 'developer';
    return promptOf(
      turns
        .filter(isSystem)
        .map(({ content }) => content)
        .join('\n'),
      turns.filter((turn) => !isSystem(turn)),
      { maxTokens: rest.max_completion_tokens ?? rest.max_tokens, temperature: rest.temperature },
    );
  },
  begin: (model) => [chunk(model, { role: 'assistant', content: '' })],
  part: (model, text) => [chunk(model, { content: text })],
  end: (model, finish, usage) => [
    chunk(model, {}, OPENAI_FINISH[finish]),
    data({ ...completion(model, 'chat.completion.chunk'), choices: [], usage: openaiUsage(usage) }),
    'data: [DONE]\n\n',
  ],
  fault: (status, code) => ({
    error: { message: `status ${status}`, type: code ?? 'error', code: code ?? null },
  }),
  errorInStream: (code) => [data({ error: { message: 'it broke', type: code, code } })],
};

const OPENAI_FINISH: Readonly<Record<Finish, string>> = {
  stop: 'stop',
  length: 'length',
  filtered: 'content_filter',
};
const completion = (model: string, object: string) => ({ id: 'chatcmpl-1', object, created: 1, model });
const chunk = (model: string, delta: unknown, finish: string | null = null) =>
  data({
    ...completion(model, 'chat.completion.chunk'),
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
const openaiUsage = ({ prompt, completion }: Usage) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});

const gemini: Wire = {
  dialect: 'gemini',
  hasKey: (headers, key) => headers['x-goog-api-key'] === key,
  keyFault: {
    status: 400,
    body: {
      error: {
        code: 400,
        message: 'API key not valid. Please pass a valid API key.',
        status: 'INVALID_ARGUMENT',
        details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }],
      },
    },
  },
  models: (path, names) =>
    path === '/v1beta/models'
      ? { models: names.map((name) => ({ name: `models/${name}` })) }
      : names.includes(lastOf(path))
        ? { name: `models/${lastOf(path)}` }
        : undefined,
  modelOf: (path) => lastOf(path).split(':')[0] ?? '',
  isStreamed: (path) => path.endsWith(':streamGenerateContent'),
  read(body) {
    const { systemInstruction, contents, generationConfig } = body as {
      systemInstruction?: Turn;
      contents: readonly Turn[];
      generationConfig?: { maxOutputTokens?: number; temperature?: number };
    };
    return promptOf(
      textOf(systemInstruction?.parts),
      contents.map(({ role, parts }) => ({ role, content: textOf(parts) })),
      { maxTokens: generationConfig?.maxOutputTokens, temperature: generationConfig?.temperature },
    );
  },
  begin: () => [],
  part: (_model, text) => [data(candidate(text))],
  end: (_model, finish, usage) => [data(candidate('', GEMINI_FINISH[finish], usage))],
  fault: (status, code) => ({
    error: {
      code: status,
      message: `status ${status}`,
      status: status === 429 ? 'RESOURCE_EXHAUSTED' : 'INTERNAL',
      // how Gemini names the quota that is used up
      details: [
        {
          '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
          violations: [
            { quotaId: code === 'insufficient_quota' ? 'RequestsPerDayPerProject' : 'RequestsPerMinute' },
          ],
        },
      ],
    },
  }),
  errorInStream: (code) => [data({ error: { code: 503, message: 'it broke', status: code } })],
};

const GEMINI_FINISH: Readonly<Record<Finish, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  filtered: 'SAFETY',
};
const candidate = (text: string, finishReason?: string, usage?: Usage) => ({
  candidates: [{ index: 0, content: { role: 'model', parts: [{ text }] }, finishReason }],
  ...(usage === undefined
    ? {}
    : {
        usageMetadata: {
          promptTokenCount: usage.prompt,
          candidatesTokenCount: usage.completion,
          totalTokenCount: usage.prompt + usage.completion,
        },
      }),
});

const anthropic: Wire = {
  dialect: 'anthropic',
  hasKey: (headers, key) => headers['x-api-key'] === key,
  keyFault: {
    status: 401,
    body: { type: 'error', error: { type: 'authentication_error', message: 'invalid x-api-key' } },
  },
  models: () => undefined,
  modelOf: (_path, body) => (body as { model: string }).model,
  isStreamed: (_path, body) => (body as { stream?: boolean }).stream === true,
  read(body) {
    const { system, messages, max_tokens, temperature } = body as {
      system?: Turn['content'];
      messages: readonly Turn[];
      max_tokens?: number;
      temperature?: number;
    };
    return promptOf(
      textOf(system),
      messages.map(({ role, content }) => ({ role, content: textOf(content) })),
      { maxTokens: max_tokens, temperature },
    );
  },
  begin: (model, usage) => [
    event({
      type: 'message_start',
      message: { ...message(model), usage: { input_tokens: usage.prompt, output_tokens: 1 } },
    }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    event({ type: 'ping' }),
  ],
  part: (_model, text) => [
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } }),
  ],
  end: (_model, finish, usage) => [
    event({ type: 'content_block_stop', index: 0 }),
    event({
      type: 'message_delta',
      delta: { stop_reason: ANTHROPIC_FINISH[finish], stop_sequence: null },
      usage: { output_tokens: usage.completion },
    }),
    event({ type: 'message_stop' }),
  ],
  fault: (status, code) => ({
    type: 'error',
    error: {
      type: code ?? 'api_error',
      message: code === 'insufficient_quota' ? 'Your credit balance is too low' : `status ${status}`,
    },
  }),
  errorInStream: (code) => [event({ type: 'error', error: { type: code, message: 'it broke' } })],
};

const ANTHROPIC_FINISH: Readonly<Record<Finish, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  filtered: 'refusal',
};
const event = (value: { readonly type: string; readonly [field: string]: unknown }) =>
  `event: ${value.type}\n${data(value)}`;
const message = (model: string) => ({
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  model,
  content: [] as unknown[],
  stop_reason: null as string | null,
  stop_sequence: null,
});
