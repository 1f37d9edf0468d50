import { z } from 'zod';
import { collection } from '../../../contract/collections.ts';
import { humanText, id } from '../../../contract/common.ts';
import { document, documentStatus } from '../../../contract/documents.ts';
import { citation, fallbackReason } from '../../../contract/query.ts';
import { degraded, hit, searchMode } from '../../../contract/search.ts';

/** What the tools take and give. Descriptions are written for the model that reads them. */

const inCollection = humanText(1, 100)
  .optional()
  .describe('Name or id of one collection; leave it out to use all. list_documents names them.');
const url = z.string().describe('The place in the web app, for people');

/** Passages are read whole by a model: ten of them are some 2,500 tokens. */
export const searchInput = z.object({
  query: humanText(1, 1000).describe('Words or a question, in any language'),
  limit: z.int().min(1).max(50).default(10),
  mode: searchMode.default('hybrid').describe('hybrid is best for almost everything'),
  collection: inCollection,
  documentIds: z.array(id).min(1).max(100).optional().describe('Search these documents only'),
  tags: z.array(humanText(1, 50)).min(1).max(50).optional().describe('Documents with any of these tags'),
});
const found = hit
  .pick({ chunkId: true, documentId: true, title: true, page: true, start: true, end: true, text: true })
  .extend({ score: z.number(), url });
export const searchOutput = z.object({ hits: z.array(found), degraded });
export type SearchOutput = z.infer<typeof searchOutput>;

export const askInput = z.object({
  question: humanText(3, 1000).describe('One whole question that needs no conversation to be understood'),
  collection: inCollection,
});
export const askOutput = z.object({
  answer: z.string().describe('Markers [1], [2] stand for the citations'),
  answered: z.boolean().describe('false: the documents hold no answer'),
  citations: z.array(citation.extend({ url })),
  degraded,
  fallback: fallbackReason
    .optional()
    .describe('Why the documents answer in their own words though a model was asked'),
});
export type AskOutput = z.infer<typeof askOutput>;

export const listInput = z.object({
  query: z.string().max(200).optional().describe('Words in the title or the name of the file'),
  collection: inCollection,
  status: documentStatus.optional(),
  limit: z.int().min(1).max(100).default(20),
  cursor: z.string().max(1000).optional().describe('nextCursor of the page before'),
});
const listed = document
  .pick({
    id: true,
    collectionId: true,
    title: true,
    filename: true,
    mimeType: true,
    status: true,
    pages: true,
    tags: true,
    language: true,
    createdAt: true,
  })
  .extend({ url });
export const listOutput = z.object({
  documents: z.array(listed),
  nextCursor: z.string().nullable(),
  total: z.int(),
  collections: z.array(collection.pick({ id: true, name: true, documentCount: true })),
});
export type ListOutput = z.infer<typeof listOutput>;

/** Some 5,000 and 25,000 tokens of English. */
const DEFAULT_CHARS = 20_000;
const MAX_CHARS = 100_000;
export const getInput = z.object({
  documentId: id,
  page: z.int().min(1).default(1).describe('Page, slide, sheet or chapter'),
  offset: z.int().min(0).default(0).describe('Where in the page to begin, in characters'),
  maxChars: z.int().min(1).max(MAX_CHARS).default(DEFAULT_CHARS),
});
export const getOutput = z.object({
  document: listed,
  page: z.int(),
  start: z.int(),
  end: z.int(),
  pageChars: z.int().describe('Length of the whole page'),
  text: z.string(),
  next: z
    .object({ page: z.int(), offset: z.int() })
    .nullable()
    .describe('Where to read on; null at the end of the document'),
});
export type GetOutput = z.infer<typeof getOutput>;
