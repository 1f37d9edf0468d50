import { z } from 'zod';
import { id, itemError, pageQuery, time } from './common.ts';

export const taskItem = z.object({
  documentId: id,
  filename: z.string(),
  status: z.enum(['queued', 'processing', 'completed', 'failed', 'cancelled']),
  stage: z.string().describe('queued, parsing, recognizing, indexing, embedding, done'),
  percent: z.int().min(0).max(100),
  error: itemError.optional(),
});
export const task = z.object({
  id,
  kind: z.enum(['ingest', 'reindex']),
  status: z.enum(['queued', 'processing', 'completed', 'partial', 'failed']),
  progress: z.object({ done: z.int(), failed: z.int(), total: z.int() }),
  items: z.array(taskItem),
  createdAt: time,
  finishedAt: time.nullable(),
});
export const tasksQuery = pageQuery.extend({
  limit: z.coerce.number().int().min(1).max(50).default(20),
  active: z
    .enum(['true', 'false'])
    .optional()
    .describe('Only those that are being worked on, or only those that have ended'),
});
export type Task = z.infer<typeof task>;
export type TaskItem = z.infer<typeof taskItem>;
