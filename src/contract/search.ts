import { z } from 'zod';
import { humanText, id, problem, time } from './common.ts';

export const filters = z.strictObject({
  documentIds: z.array(id).min(1).max(1000).optional(),
  collectionIds: z.array(id).min(1).max(100).optional(),
  tags: z.array(humanText(1, 50)).min(1).max(50).optional().describe('Documents with any of these tags'),
  mimeTypes: z.array(z.string().min(1).max(200)).min(1).max(50).optional(),
  createdAfter: time.optional(),
  createdBefore: time.optional(),
});
export type Filters = z.infer<typeof filters>;

export const searchMode = z.enum(['hybrid', 'vector', 'keyword']);
export type SearchMode = z.infer<typeof searchMode>;

export const searchBody = z.strictObject({
  query: humanText(1, 1000),
  limit: z.int().min(1).max(100).default(10),
  mode: searchMode.default('hybrid'),
  filters: filters.optional(),
});
export type SearchRequest = z.infer<typeof searchBody>;

export const hit = z.object({
  chunkId: id,
  documentId: id,
  collectionId: id,
  title: z.string(),
  page: z.int(),
  start: z.int(),
  end: z.int(),
  text: z.string(),
  highlights: z.array(z.tuple([z.int(), z.int()])).describe('[start, end] within text'),
  score: z.number(),
  scores: z.object({
    vector: z.number().optional(),
    keyword: z.number().optional(),
    rerank: z.number().optional(),
  }),
});
export type Hit = z.infer<typeof hit>;

export const timings = z.object({
  embedMs: z.number(),
  vectorMs: z.number(),
  keywordMs: z.number(),
  rerankMs: z.number(),
  generateMs: z.number(),
  totalMs: z.number(),
  firstTokenMs: z
    .number()
    .optional()
    .describe("Of a streamed answer: from the request's arrival until its first words were sent"),
});
export type Timings = z.infer<typeof timings>;

export const degraded = z
  .literal('vectors')
  .optional()
  .describe('The embedding model or the server of vectors is away: found by words alone');

export const searchResult = z.object({
  hits: z.array(hit),
  degraded,
  tookMs: z.number(),
  cached: z.boolean(),
  timings,
});
export type SearchResult = z.infer<typeof searchResult>;
export const searchBatchBody = z.strictObject({ searches: z.array(searchBody).min(1).max(100) });
export const searchBatchResult = z.object({ results: z.array(z.union([searchResult, problem])) });
