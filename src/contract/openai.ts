import { z } from 'zod';
import { answer } from './query.ts';

/**
 * The shapes of OpenAI's API that this server speaks. Its clients send many parameters that mean nothing to a
 * knowledge base (temperature, tools …): what is not named here is ignored, unlike everywhere else.
 *
 * Source: platform.openai.com/docs/api-reference, chat completions, models, embeddings.
 */

/** Content in parts; what is no text counts as not there, but for the question, which has to be text. */
const contentPart = z.looseObject({ type: z.string().max(50), text: z.string().optional() });
const chatMessage = z.object({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool', 'function']),
  content: z.union([z.string(), z.array(contentPart).max(100)]).nullish(),
});
export type ChatMessage = z.infer<typeof chatMessage>;

export const chatBody = z.object({
  model: z.string().min(1).max(300).describe('An id of /v1/models, for example ka:library'),
  messages: z.array(chatMessage).min(1).max(1000).describe('The last one of the user is the question'),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
});

const urlCitation = z.object({
  type: z.literal('url_citation'),
  url_citation: z.object({
    start_index: z.int().describe('Where the marker [n] stands in the content'),
    end_index: z.int(),
    title: z.string(),
    url: z.string().describe('The cited passage in the web app'),
  }),
});
export type UrlCitation = z.infer<typeof urlCitation>;

const completionUsage = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
});
export type CompletionUsage = z.infer<typeof completionUsage>;

/** Beside OpenAI's fields: what its shape has no place for. */
const knowledge = answer.pick({
  answered: true,
  cached: true,
  citations: true,
  degraded: true,
  fallback: true,
  standaloneQuestion: true,
});

export const chatCompletion = z.object({
  id: z.string(),
  object: z.literal('chat.completion'),
  created: z.int().describe('Seconds since 1970'),
  model: z.string(),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({
        role: z.literal('assistant'),
        content: z.string(),
        refusal: z.null(),
        annotations: z.array(urlCitation),
      }),
      logprobs: z.null(),
      finish_reason: z.literal('stop'),
    }),
  ),
  usage: completionUsage,
  knowledge,
});
export type ChatCompletion = z.infer<typeof chatCompletion>;

/** One piece of a streamed completion. */
export interface ChatChunk {
  readonly id: string;
  readonly object: 'chat.completion.chunk';
  readonly created: number;
  readonly model: string;
  readonly choices: readonly {
    readonly index: 0;
    readonly delta: {
      readonly role?: 'assistant';
      readonly content?: string;
      readonly annotations?: readonly UrlCitation[];
    };
    readonly logprobs: null;
    readonly finish_reason: 'stop' | null;
  }[];
  /** With `stream_options.include_usage`: null but in the last piece. */
  readonly usage?: CompletionUsage | null;
  /** In the piece that ends the answer. */
  readonly knowledge?: z.infer<typeof knowledge>;
}

export const model = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int(),
  owned_by: z.string(),
  name: z.string().describe('For people'),
});
export type Model = z.infer<typeof model>;
export const modelList = z.object({ object: z.literal('list'), data: z.array(model) });

/** As many texts as OpenAI takes in one request, each about as long. */
export const MAX_EMBEDDED_TEXTS = 2048;
const MAX_EMBEDDED_CHARS = 32_000;
const embeddedText = z.string().min(1, 'must not be empty').max(MAX_EMBEDDED_CHARS);
export const embeddingsBody = z.object({
  model: z.string().min(1).max(300),
  input: z.union(
    [embeddedText, z.array(embeddedText).min(1).max(MAX_EMBEDDED_TEXTS)],
    `must be a text or a list of 1 to ${MAX_EMBEDDED_TEXTS} texts of 1 to ${MAX_EMBEDDED_CHARS} characters each; token numbers are not read`,
  ),
  encoding_format: z.enum(['float', 'base64']).nullish(),
  dimensions: z.int().min(1).nullish(),
});
export const embeddings = z.object({
  object: z.literal('list'),
  data: z.array(
    z.object({
      object: z.literal('embedding'),
      index: z.int(),
      embedding: z
        .union([z.array(z.number()), z.string()])
        .describe('Numbers, or float32 in little endian as base64'),
    }),
  ),
  model: z.string(),
  usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
});
export type Embeddings = z.infer<typeof embeddings>;

export const openAiError = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string(),
  }),
});
export type OpenAiError = z.infer<typeof openAiError>;
