import type { Database } from '../ports/schema.ts';

export interface BackedUpTable {
  readonly name: keyof Database;
  /** Names a row, in the order that an index gives. */
  readonly key: readonly string[];
  /** Columns of bytes. */
  readonly bytes?: readonly string[];
  /** Rows of one statement: long ones are few. */
  readonly rows?: number;
  /** Whether its numbers are counted up by the database and never given twice. */
  readonly counted?: true;
}

/**
 * What a backup holds, in an order in which no row names one that comes later. It leaves out sign-ins (a restored one
 * might have been ended since), answers kept for repeated requests, the log that copies of vectors in memory and on other
 * servers are kept up by, and vectors of another model that nobody searches yet: they begin anew.
 */
export const BACKED_UP: readonly BackedUpTable[] = [
  { name: 'users', key: ['id'] },
  { name: 'api_keys', key: ['id'] },
  { name: 'collections', key: ['no'], counted: true },
  { name: 'collection_members', key: ['collection_id', 'user_id'] },
  { name: 'documents', key: ['no'], counted: true },
  { name: 'document_tags', key: ['document_id', 'tag'] },
  { name: 'revisions', key: ['document_id', 'revision'] },
  { name: 'pages', key: ['document_id', 'revision', 'page', 'start'], rows: 32 },
  { name: 'chunks', key: ['key'] },
  { name: 'vectors', key: ['key'], bytes: ['data'] },
  { name: 'postings', key: ['collection_no', 'block', 'term'], bytes: ['data'] },
  { name: 'posting_lengths', key: ['collection_no', 'block'], bytes: ['data'], rows: 100 },
  { name: 'posting_stats', key: ['collection_no'] },
  { name: 'tombstones', key: ['id'], counted: true },
  { name: 'tasks', key: ['id'] },
  { name: 'task_items', key: ['task_id', 'position'] },
  { name: 'jobs', key: ['id'] },
  { name: 'conversations', key: ['id'] },
  { name: 'messages', key: ['no'], counted: true, rows: 100 },
  { name: 'message_citations', key: ['message_id', 'position'] },
  { name: 'usage', key: ['user_id', 'day', 'model', 'kind'] },
  { name: 'audit', key: ['id'] },
  { name: 'settings', key: ['name'] },
];

export const LEFT_OUT: readonly (keyof Database)[] = [
  'sessions',
  'refresh_tokens',
  'idempotency_keys',
  'vector_log',
  'vectors_next',
];

/**
 * Settings of the running installation, not of its contents. A restored one gets a name of its own: the two may run
 * side by side and share a Redis or a Qdrant.
 */
export const isOwnSetting = (name: string): boolean =>
  ['installation', 'vector-sync', 'vectors-swept-at', 'next-vector-space'].includes(name) ||
  name.startsWith('files-held:');
