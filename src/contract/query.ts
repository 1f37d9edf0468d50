import { z } from 'zod';
import { humanText, id, problem } from './common.ts';
import { degraded, filters, hit, timings } from './search.ts';

export const queryBody = z.strictObject({
  query: humanText(3, 1000),
  limit: z.int().min(1).max(50).default(10),
  filters: filters.optional(),
  collectionId: id.optional(),
  conversationId: id.optional(),
  model: z.string().min(1).max(200).optional(),
});
export type QueryRequest = z.infer<typeof queryBody>;

export const citation = z.object({
  marker: z.int().describe('The n of [n] in the answer'),
  documentId: id,
  chunkId: id,
  title: z.string(),
  page: z.int(),
  start: z.int(),
  end: z.int(),
  quote: z.string().describe("Exactly the page's text from start to end"),
  supported: z.boolean(),
});
export type Citation = z.infer<typeof citation>;

/** Why a generated answer was not given, and sentences of the documents stand in its place. */
export const fallbackReason = z.enum(['unavailable', 'empty', 'unsupported']);
export type FallbackReason = z.infer<typeof fallbackReason>;

export const usage = z.object({ promptTokens: z.int(), completionTokens: z.int(), costUsd: z.number() });
export const answer = z.object({
  id,
  answer: z.string(),
  answered: z.boolean(),
  citations: z.array(citation),
  sources: z.array(hit),
  model: z.string(),
  fallback: fallbackReason
    .optional()
    .describe(
      'A model was asked, and the documents answer in its place: it is away, said nothing, or said nothing that they bear out',
    ),
  degraded,
  standaloneQuestion: z
    .string()
    .optional()
    .describe('What was looked for, where the question was read together with the conversation'),
  cached: z.boolean(),
  usage,
  timings,
});
export type Answer = z.infer<typeof answer>;

export const queryBatchBody = z.strictObject({ queries: z.array(queryBody).min(1).max(50) });
export const queryBatchResult = z.object({ results: z.array(z.union([answer, problem])) });

/** The events of a streamed answer, in order: sources, token and citation as they come, then done or error. */
export type AnswerEvent =
  | { type: 'sources'; sources: Answer['sources'] }
  | { type: 'token'; text: string }
  | { type: 'citation'; citation: Citation }
  | { type: 'done'; answer: Answer };
