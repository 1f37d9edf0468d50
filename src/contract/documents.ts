import { z } from 'zod';
import { humanText, id, itemError, pageQuery, problem, time } from './common.ts';

export const documentStatus = z.enum(['queued', 'parsing', 'embedding', 'ready', 'failed']);
export const tag = humanText(1, 50);
export const tags = z.array(tag).max(50);

export const document = z.object({
  id,
  collectionId: id,
  title: z.string(),
  filename: z.string(),
  mimeType: z.string(),
  sizeBytes: z.int(),
  sha256: z.string(),
  status: documentStatus,
  error: itemError.optional(),
  pages: z.int(),
  chunks: z.int(),
  tokens: z.int(),
  tags: z.array(z.string()),
  language: z.string().nullable(),
  createdAt: time,
  updatedAt: time,
  readyAt: time.nullable(),
  progress: z
    .object({ taskId: id.nullable(), stage: z.string(), percent: z.int() })
    .optional()
    .describe('There while the document is being worked on'),
});
export type Document = z.infer<typeof document>;

/** The fields of an upload's form beside its files. An empty field counts as absent. */
export const uploadFields = z.object({
  collectionId: id.optional(),
  title: humanText(1, 500).optional(),
  tags: tags.optional(),
});
const fileContent = z.string().meta({ format: 'binary' });
/** The whole form, as the OpenAPI document shows it. */
export const uploadForm = uploadFields.extend({ file: fileContent });
export const uploadBatchForm = uploadFields.omit({ title: true }).extend({ file: z.array(fileContent) });
export const uploaded = z.object({ document, taskId: id });
/** The same bytes were there already: the document as it is, and the task that works or worked on it. */
export const uploadedBefore = z.object({ document, taskId: id.nullable() });
export const uploadedBatch = z.object({
  taskId: id,
  status: z.enum(['processing', 'completed']),
  documents: z.array(document),
  rejected: z.array(z.object({ filename: z.string(), problem })),
});
export const urlBody = z.strictObject({ url: z.string().min(1).max(2000), collectionId: id.optional() });

const sortKeys = ['createdAt', 'updatedAt', 'title', 'sizeBytes'] as const;
export type SortKey = (typeof sortKeys)[number];
export const documentSort = z
  .string()
  .max(100)
  .transform((s, context) => {
    const parts = s.split(',').map((part) => {
      const descending = part.startsWith('-');
      return { key: (descending ? part.slice(1) : part) as SortKey, descending };
    });
    if (
      parts.some(({ key }) => !sortKeys.includes(key)) ||
      new Set(parts.map((p) => p.key)).size !== parts.length
    ) {
      context.addIssue({
        code: 'custom',
        message: `must list some of ${sortKeys.join(', ')}, each once, with - for descending`,
      });
      return z.NEVER;
    }
    return parts;
  });
export const documentsQuery = pageQuery.extend({
  collectionId: id.optional(),
  q: z.string().max(200).optional(),
  status: documentStatus.optional(),
  mimeType: z.string().min(1).max(200).optional(),
  tag: tag.optional(),
  sort: documentSort.optional(),
});
export const facetsQuery = z.object({ collectionId: id.optional() });
/** What the caller's documents can be filtered by, the most frequent first (tags: at most 200). */
export const documentFacets = z.object({
  total: z.int(),
  statuses: z.array(z.object({ status: documentStatus, count: z.int() })),
  mimeTypes: z.array(z.object({ mimeType: z.string(), count: z.int() })),
  tags: z.array(z.object({ tag: z.string(), count: z.int() })),
});
export type DocumentFacets = z.infer<typeof documentFacets>;

export const bulkAction = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('delete') }),
  z.strictObject({ type: z.literal('reindex') }),
  z.strictObject({ type: z.literal('move'), collectionId: id }),
  z.strictObject({ type: z.literal('tag'), add: tags.default([]), remove: tags.default([]) }),
]);
export type BulkAction = z.infer<typeof bulkAction>;
export const bulkBody = z.strictObject({ documentIds: z.array(id).min(1).max(1000), action: bulkAction });
/** What could not be done is named; the rest is done. `taskId` follows a re-index. */
export const bulkResult = z.object({
  done: z.array(id),
  failed: z.array(z.object({ documentId: id, error: itemError })),
  taskId: id.nullable(),
});
export type BulkResult = z.infer<typeof bulkResult>;

/** One place where an answer to the caller rests on the document. */
export const documentCitation = z.object({
  messageId: id,
  conversationId: id,
  conversationTitle: z.string(),
  question: z.string(),
  marker: z.int(),
  page: z.int(),
  start: z.int(),
  end: z.int(),
  quote: z.string(),
  createdAt: time,
});
export type DocumentCitation = z.infer<typeof documentCitation>;
export const patchDocumentBody = z
  .strictObject({ title: humanText(1, 500).optional(), tags: tags.optional(), collectionId: id.optional() })
  .refine((b) => Object.keys(b).length > 0, 'names nothing to change');

export const pageText = z.object({ page: z.int(), text: z.string() });
export const chunk = z.object({
  id,
  page: z.int(),
  start: z.int(),
  end: z.int(),
  headingPath: z.array(z.string()),
  text: z.string(),
});
export const taskStarted = z.object({ taskId: id });
