import { z } from 'zod';
import { humanText, id, pageQuery, time } from './common.ts';
import { citation, fallbackReason } from './query.ts';
import { degraded, hit } from './search.ts';

export const conversation = z.object({
  id,
  title: z.string(),
  createdAt: time,
  updatedAt: time,
  snippet: z
    .string()
    .optional()
    .describe('Of a search: the part of the latest message that holds what was looked for'),
});
export type Conversation = z.infer<typeof conversation>;
export const conversationBody = z.strictObject({ title: humanText(1, 200).optional() });
export const conversationsQuery = pageQuery.extend({ q: z.string().max(200).optional() });
export const message = z.object({
  id,
  role: z.enum(['user', 'assistant']),
  content: z.string(),
  answered: z.boolean().nullable(),
  citations: z.array(citation),
  sources: z.array(hit),
  model: z.string().nullable(),
  fallback: fallbackReason
    .optional()
    .describe('Why the documents answer in their own words though a model was asked'),
  degraded,
  feedback: z
    .object({ rating: z.union([z.literal(1), z.literal(-1)]), comment: z.string().nullable() })
    .nullable(),
  createdAt: time,
});
export type Message = z.infer<typeof message>;
export const feedbackBody = z.strictObject({
  rating: z.union([z.literal(1), z.literal(-1)]),
  comment: humanText(0, 2000).optional(),
});
