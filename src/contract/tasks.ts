import { z } from 'zod';
import { id, itemError, time } from './common.ts';

export const taskItem = z.object({
  documentId: id,
  filename: z.string(),
  status: z.enum(['queued', 'processing', 'completed', 'failed', 'cancelled']),
  stage: z.string().describe('queued, parsing, indexing, embedding, done'),
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
export type Task = z.infer<typeof task>;
export type TaskItem = z.infer<typeof taskItem>;
