import type { Generated } from 'kysely';
import type { FallbackReason } from '../../contract/query.ts';

/**
 * The tables, as both SQL dialects see them. Types are portable on purpose: times are ISO 8601 UTC text,
 * flags are 0 or 1, JSON is text, ids are UUIDv7 text; `no` and `key` are integers (see `search-scope.ts`).
 */
export interface Database {
  users: UserRow;
  sessions: SessionRow;
  refresh_tokens: RefreshTokenRow;
  api_keys: ApiKeyRow;
  collections: CollectionRow;
  collection_members: CollectionMemberRow;
  documents: DocumentRow;
  document_tags: DocumentTagRow;
  revisions: RevisionRow;
  pages: PageRow;
  chunks: ChunkRow;
  vectors: VectorRow;
  vectors_next: VectorRow;
  vector_log: VectorLogRow;
  postings: PostingsRow;
  posting_lengths: PostingLengthsRow;
  posting_stats: PostingStatsRow;
  tombstones: TombstoneRow;
  tasks: TaskRow;
  task_items: TaskItemRow;
  jobs: JobRow;
  conversations: ConversationRow;
  messages: MessageRow;
  message_citations: MessageCitationRow;
  usage: UsageRow;
  audit: AuditRow;
  idempotency_keys: IdempotencyKeyRow;
  settings: SettingRow;
}

export interface UserRow {
  id: string;
  /** Lower case. */
  email: string;
  name: string;
  role: 'admin' | 'user';
  /** `argon2id$…` in PHC form. */
  password_hash: string;
  suspended: number;
  quota_mb: number | null;
  monthly_budget_usd: number | null;
  daily_budget_usd: number | null;
  created_at: string;
  updated_at: string;
}

/** A sign-in on one device: the family of its refresh tokens. An access token names its session. */
export interface SessionRow {
  id: string;
  user_id: string;
  created_at: string;
  expires_at: string;
  revoked_at: string | null;
}

export interface RefreshTokenRow {
  /** SHA-256 of the token, hex. */
  hash: string;
  session_id: string;
  created_at: string;
  /** Set at rotation; seeing the token again after that ends the session. */
  used_at: string | null;
}

export interface ApiKeyRow {
  id: string;
  user_id: string;
  name: string;
  /** The first characters, for recognition. */
  prefix: string;
  /** SHA-256 of the key, hex. */
  hash: string;
  /** JSON array of `read`, `write`. */
  scopes: string;
  created_at: string;
  last_used_at: string | null;
}

export interface CollectionRow {
  no: Generated<number>;
  id: string;
  owner_id: string;
  name: string;
  /** Counts every change that a search could see. */
  generation: number;
  next_ordinal: number;
  document_count: number;
  created_at: string;
  updated_at: string;
}

export interface CollectionMemberRow {
  collection_id: string;
  user_id: string;
  role: 'viewer' | 'editor';
  created_at: string;
}

export interface DocumentRow {
  no: Generated<number>;
  id: string;
  collection_id: string;
  /** Who uploaded it; the quota counts for them. */
  owner_id: string;
  title: string;
  /** What titles are put in order by (`records/title-key.ts`); written wherever the title is. */
  title_key: string;
  filename: string;
  mime_type: string;
  size_bytes: number;
  sha256: string;
  storage_key: string;
  /** Where it came from when it was fetched. */
  source_url: string | null;
  status: 'queued' | 'parsing' | 'embedding' | 'ready' | 'failed';
  error_code: string | null;
  error_detail: string | null;
  /** JSON array, sorted; `document_tags` holds the same for filters. */
  tags: string;
  language: string | null;
  page_count: number;
  token_count: number;
  /** Which set of pages and chunks is the document's: others are left over and invisible. */
  revision: number;
  /** The chunks of this revision, as far as it is read, take first_ordinal … first_ordinal + chunk_count - 1. */
  first_ordinal: number;
  chunk_count: number;
  /**
   * The revision begun last. It is above `revision` while one is built beside the visible one, and grows
   * when a build is given up: a writer with a lower number has lost its right to write.
   */
  build_revision: Generated<number>;
  created_at: string;
  updated_at: string;
  ready_at: string | null;
}

export interface DocumentTagRow {
  document_id: string;
  collection_id: string;
  tag: string;
}

/** One set of a document's pages, chunks, postings and vectors, from the reservation of its range to its purge. */
export interface RevisionRow {
  document_id: string;
  revision: number;
  collection_no: number;
  first_ordinal: number;
  /** Ordinals of the range: more than there will be chunks while the document is still being read. */
  chunk_count: number;
  /** What the chunks were indexed with beside their own text: the same words take them out again. */
  title: string;
  language: string | null;
  /** 1 once nothing points to it: its range has a tombstone and a purge job. */
  dropped: number;
}

/** A page's text in parts, so that a slice of a long page is a small read. */
export interface PageRow {
  document_id: string;
  revision: number;
  page: number;
  /** Offset of this part in the page's text, in UTF-16 code units. */
  start: number;
  text: string;
}

export interface ChunkRow {
  key: number;
  document_id: string;
  revision: number;
  /** 0-based position in the document. */
  seq: number;
  page: number;
  start: number;
  end: number;
  /** JSON array of headings, outermost first. */
  heading_path: string;
  token_count: number;
  /** Exactly `page text.slice(start, end)`. */
  text: string;
  /** The header rows of the table that the chunk begins in the middle of: embedded and indexed with it. */
  table_header: Generated<string | null>;
  /** SHA-256 of the embedded text, hex: equal texts are embedded once. */
  text_hash: string;
}

/** float32, little endian, L2-normalized. */
export interface VectorRow {
  key: number;
  data: Uint8Array;
}

/** Ranges of ordinals whose vectors were written, in order of writing: memory copies catch up by it. */
export interface VectorLogRow {
  id: Generated<number>;
  collection_no: number;
  first_ordinal: number;
  ordinal_count: number;
}

/** Entries `(ordinal & 4095) << 4 | min(tf, 15)`, u16 little endian, ascending. */
export interface PostingsRow {
  collection_no: number;
  block: number;
  term: string;
  data: Uint8Array;
}

/** Chunk lengths of a block, u16 little endian by ordinal & 4095; shorter than 4096 when the block's tail is empty. */
export interface PostingLengthsRow {
  collection_no: number;
  block: number;
  data: Uint8Array;
}

export interface PostingStatsRow {
  collection_no: number;
  chunk_count: number;
  length_sum: number;
}

/** Ranges of ordinals that are gone for every search, from the moment of deletion on. */
export interface TombstoneRow {
  id: Generated<number>;
  collection_no: number;
  first_ordinal: number;
  ordinal_count: number;
  /** 1 once rows, postings and vectors are removed. */
  purged: number;
}

export interface TaskRow {
  id: string;
  user_id: string;
  kind: 'ingest' | 'reindex';
  created_at: string;
  finished_at: string | null;
}

export interface TaskItemRow {
  task_id: string;
  position: number;
  document_id: string;
  filename: string;
  status: 'queued' | 'processing' | 'completed' | 'failed' | 'cancelled';
  stage: string;
  percent: number;
  error_code: string | null;
  error_detail: string | null;
}

export interface JobRow {
  id: string;
  kind: string;
  payload: string;
  document_id: string | null;
  priority: number;
  state: 'queued' | 'running' | 'failed' | 'done' | 'cancelled';
  run_at: string;
  attempt: number;
  max_attempts: number;
  /** Of its owners, in a row: tries that ended without a word. */
  deaths: Generated<number>;
  /** Which process holds it: `host/pid/start`. */
  lease_owner: string | null;
  lease_until: string | null;
  last_error: string | null;
  created_at: string;
  finished_at: string | null;
}

export interface ConversationRow {
  id: string;
  user_id: string;
  title: string;
  created_at: string;
  updated_at: string;
}

/** A message is written once: only its rating changes. */
export interface MessageRow {
  no: Generated<number>;
  id: string;
  conversation_id: string;
  /** The conversation's user. */
  user_id: string;
  role: 'user' | 'assistant';
  content: string;
  /** JSON, as the contract shows them; `null` for a user's message. */
  answered: number | null;
  citations: string | null;
  sources: string | null;
  model: string | null;
  /** Why an answer was extracted though a model was asked. */
  fallback: FallbackReason | null;
  /** What was missing while the passages were looked for. */
  degraded: 'vectors' | null;
  rating: number | null;
  comment: string | null;
  created_at: string;
}

/** Where a kept answer cites a document that is still there; `messages.citations` tells what it cited at all. */
export interface MessageCitationRow {
  message_id: string;
  /** 0-based, in the order of the answer's citations. */
  position: number;
  question_id: string;
  conversation_id: string;
  user_id: string;
  document_id: string;
  marker: number;
  page: number;
  start: number;
  end: number;
  quote: string;
}

export interface UsageRow {
  user_id: string;
  /** YYYY-MM-DD. */
  day: string;
  model: string;
  kind: 'answer' | 'embedding' | 'reindex';
  requests: number;
  cached_requests: number;
  prompt_tokens: number;
  completion_tokens: number;
  cost_usd: number;
  saved_usd: number;
}

export interface AuditRow {
  id: string;
  at: string;
  actor_id: string | null;
  action: string;
  target: string | null;
  detail: string | null;
  ip: string | null;
}

export interface IdempotencyKeyRow {
  /** Sixteen digits of the user's SHA-256, and that of user, route and key. */
  hash: string;
  /** SHA-256 of the request it was first used for. */
  request_hash: string;
  status: number | null;
  body: string | null;
  created_at: string;
}

export interface SettingRow {
  name: string;
  value: string;
}
