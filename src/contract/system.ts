import { z } from 'zod';
import { user } from './auth.ts';
import { id, time } from './common.ts';
import { citation } from './query.ts';

export const publicConfig = z.object({
  version: z.string(),
  registrationEnabled: z.boolean(),
  maxUploadMb: z.number(),
  maxBatchFiles: z.int(),
  formats: z.array(z.object({ mimeType: z.string(), extensions: z.array(z.string()) })),
  models: z.array(z.string()),
});
export type PublicConfig = z.infer<typeof publicConfig>;
export const health = z.object({
  status: z.literal('healthy'),
  uptimeSeconds: z.number(),
  version: z.string(),
});
export const readiness = z.object({ status: z.enum(['ready', 'starting', 'draining']) });
const check = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  responseTimeMs: z.number(),
  detail: z.string().optional(),
});
export const admission = z.object({
  limit: z.int().describe('Searches and questions that may be worked out at a time, as load has it'),
  inFlight: z.int(),
  queued: z.int(),
  shed: z
    .object({ queue: z.int(), behind: z.int() })
    .describe('Refused since the start: too many waited, or the main thread was far behind'),
  busy: z.boolean().describe('Documents that are taken in give way to requests'),
});
export const detailedHealth = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  checks: z.object({
    database: check,
    vectors: check,
    cache: check,
    queue: check,
    storage: check,
    embeddings: check,
    llm: check,
  }),
  metrics: z.object({
    cpuPercent: z.number(),
    memoryPercent: z.number(),
    rssBytes: z.int(),
    heapBytes: z.int(),
    eventLoopLagMs: z.number(),
    diskPercent: z.number(),
    networkIo: z.object({ receivedBytes: z.int(), sentBytes: z.int() }),
    admission,
  }),
  totalResponseTimeMs: z.number(),
});
export type DetailedHealth = z.infer<typeof detailedHealth>;

export const adminUser = user.extend({
  suspended: z.boolean(),
  quotaMb: z.number().nullable(),
  monthlyBudgetUsd: z.number().nullable(),
  dailyBudgetUsd: z.number().nullable(),
  usedBytes: z.int(),
  documentCount: z.int(),
});
export const patchUserBody = z
  .strictObject({
    role: z.enum(['admin', 'user']).optional(),
    suspended: z.boolean().optional(),
    quotaMb: z.number().int().min(0).nullable().optional(),
    monthlyBudgetUsd: z.number().min(0).nullable().optional(),
    dailyBudgetUsd: z.number().min(0).nullable().optional(),
  })
  .refine((b) => Object.keys(b).length > 0, 'names nothing to change');
export type AdminUser = z.infer<typeof adminUser>;
export const usageRow = z.object({
  userId: id,
  day: z.string(),
  model: z.string(),
  kind: z.enum(['answer', 'embedding', 'reindex']),
  requests: z.int(),
  cachedRequests: z.int(),
  promptTokens: z.int(),
  completionTokens: z.int(),
  costUsd: z.number(),
  savedUsd: z.number(),
  priceKnown: z.boolean().describe('False: there is no price for the model, and it was counted as free'),
});
export type UsageRow = z.infer<typeof usageRow>;
export const percentiles = z.object({
  name: z.string(),
  count: z.int(),
  errors: z.int(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
});
export const performanceReport = z.object({
  windowSeconds: z.number(),
  routes: z.array(percentiles),
  stages: z.array(percentiles),
  admission,
  history: z.object({
    name: z.string().describe('The route or stage that it is about, or `all` requests'),
    stepSeconds: z.number(),
    points: z.array(
      z.object({
        at: time,
        count: z.int(),
        errors: z.int(),
        p50Ms: z.number(),
        p95Ms: z.number(),
        p99Ms: z.number(),
      }),
    ),
  }),
});
export type PerformanceReport = z.infer<typeof performanceReport>;
export const performanceQuery = z.object({
  name: z.string().max(200).optional().describe('The route or stage whose history is asked for'),
});
export const auditEntry = z.object({
  id,
  at: time,
  actorId: id.nullable(),
  action: z.string(),
  target: z.string().nullable(),
  detail: z.string().nullable(),
  ip: z.string().nullable(),
});
export type AuditEntry = z.infer<typeof auditEntry>;
const rating = z.union([z.literal(1), z.literal(-1)]);
export const ratedAnswer = z.object({
  messageId: id,
  userId: id,
  email: z.string(),
  question: z.string(),
  answer: z.string(),
  answered: z.boolean(),
  citations: z.array(citation),
  model: z.string().nullable(),
  rating,
  comment: z.string().nullable(),
  createdAt: time,
});
export type RatedAnswer = z.infer<typeof ratedAnswer>;
/** A line of `qa.jsonl`. */
export const evaluationCase = z.object({
  _id: id,
  question: z.string(),
  answers: z.array(z.string()).describe('What a right answer holds, any of them; empty when nobody has said'),
  unanswerable: z.boolean(),
  doc_ids: z.array(id),
  rating,
  comment: z.string().nullable(),
  given: z.string().describe('The answer that was rated'),
});
export const feedbackQuery = z.object({
  rating: z
    .enum(['1', '-1'])
    .transform((value) => Number(value) as 1 | -1)
    .optional(),
});
export const adminJob = z.object({
  id,
  kind: z.string(),
  documentId: id.nullable(),
  state: z.enum(['queued', 'running', 'failed', 'done', 'cancelled']),
  attempt: z.int(),
  lastError: z.string().nullable(),
  createdAt: time,
  finishedAt: time.nullable(),
});
export type AdminJob = z.infer<typeof adminJob>;
