import { z } from 'zod';
import { id, time } from './common.ts';
import { task } from './tasks.ts';

/** The caller's own numbers on one page. */
export const dashboard = z.object({
  documents: z.object({
    total: z.int(),
    queued: z.int(),
    parsing: z.int(),
    embedding: z.int(),
    ready: z.int(),
    failed: z.int(),
  }),
  storage: z.object({ usedBytes: z.int(), quotaBytes: z.int().nullable() }),
  collections: z.int(),
  conversations: z.int(),
  recentQuestions: z
    .array(
      z.object({
        messageId: id,
        conversationId: id,
        question: z.string(),
        answered: z.boolean().nullable(),
        createdAt: time,
      }),
    )
    .describe('The latest first, at most 10'),
  activeTasks: z.array(task).describe('The latest first, at most 5'),
  lastHour: z
    .object({
      questions: z.int(),
      searches: z.int(),
      cacheHits: z.int(),
      p50Ms: z.number(),
      p95Ms: z.number(),
      minutes: z.array(
        z.object({ at: time, requests: z.int(), cacheHits: z.int(), p50Ms: z.number(), p95Ms: z.number() }),
      ),
    })
    .describe("The caller's questions and searches since the process started, at most 60 minutes back"),
  month: z.object({
    requests: z.int(),
    cachedRequests: z.int(),
    promptTokens: z.int(),
    completionTokens: z.int(),
    costUsd: z.number(),
    savedUsd: z.number(),
    budgetUsd: z.number().nullable(),
    days: z.array(z.object({ day: z.string(), requests: z.int(), costUsd: z.number() })),
  }),
});
export type Dashboard = z.infer<typeof dashboard>;
