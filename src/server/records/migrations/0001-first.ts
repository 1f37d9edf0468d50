import type { Migration } from './migration.ts';

/**
 * What stands between the words of a message, as a class of a regular expression that JavaScript and PostgreSQL
 * read alike: everything up to the letters of Latin-1 that is neither digit nor letter, and Unicode's punctuation,
 * arrows and signs.
 */
export const SEPARATORS =
  '\\u0001-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u00a9\\u00ab-\\u00b4\\u00b6-\\u00b9\\u00bb-\\u00bf\\u2000-\\u206f\\u20a0-\\u20cf\\u2190-\\u2bff\\u3000-\\u3004\\u3008-\\u3020\\uff01-\\uff0f';

/** Everything that the first release stores. */
export const first: Migration = {
  version: 1,
  name: 'first',
  statements: ({ blob, serial, bigKey, bigint, compact, sqliteOnly, postgresOnly }) => [
    `create table users (
      id text primary key, email text not null unique, name text not null, role text not null,
      password_hash text not null, suspended integer not null default 0, quota_mb integer,
      monthly_budget_usd double precision, created_at text not null, updated_at text not null)`,
    'create index users_by_creation on users (created_at, id)',

    `create table sessions (
      id text primary key, user_id text not null references users (id) on delete cascade,
      created_at text not null, expires_at text not null, revoked_at text)`,
    'create index sessions_by_user on sessions (user_id)',
    'create index sessions_by_expiry on sessions (expires_at)',
    `create table refresh_tokens (
      hash text primary key, session_id text not null references sessions (id) on delete cascade,
      created_at text not null, used_at text)`,
    'create index refresh_tokens_by_session on refresh_tokens (session_id)',

    `create table api_keys (
      id text primary key, user_id text not null references users (id) on delete cascade, name text not null,
      prefix text not null, hash text not null unique, scopes text not null,
      created_at text not null, last_used_at text)`,
    'create index api_keys_by_user on api_keys (user_id, created_at, id)',

    `create table collections (
      no ${serial}, id text not null unique, owner_id text not null references users (id),
      name text not null, generation integer not null default 0, next_ordinal ${bigint} not null default 0,
      document_count integer not null default 0, created_at text not null, updated_at text not null)`,
    'create index collections_by_owner on collections (owner_id, created_at, id)',
    `create table collection_members (
      collection_id text not null references collections (id) on delete cascade,
      user_id text not null references users (id) on delete cascade, role text not null, created_at text not null,
      primary key (collection_id, user_id))`,
    'create index collection_members_by_user on collection_members (user_id, collection_id)',

    `create table documents (
      no ${serial}, id text not null unique, collection_id text not null references collections (id),
      owner_id text not null references users (id), title text not null,
      title_key text not null, filename text not null,
      mime_type text not null, size_bytes ${bigint} not null, sha256 text not null, storage_key text not null,
      source_url text, status text not null, error_code text, error_detail text, tags text not null default '[]',
      language text, page_count integer not null default 0, token_count integer not null default 0,
      revision integer not null default 0, first_ordinal ${bigint} not null default 0,
      chunk_count integer not null default 0,
      build_revision integer not null default 0, created_at text not null, updated_at text not null, ready_at text)`,
    'create unique index documents_by_content on documents (collection_id, sha256)',
    'create index documents_by_creation on documents (collection_id, created_at, id)',
    'create index documents_by_update on documents (collection_id, updated_at, id)',
    'create index documents_by_title on documents (collection_id, title_key, id)',
    'create index documents_by_size on documents (collection_id, size_bytes, id)',
    'create index documents_by_status on documents (collection_id, status, created_at, id)',
    'create index documents_by_type on documents (collection_id, mime_type)',
    'create index documents_by_owner on documents (owner_id, size_bytes)',
    'create index documents_by_storage_key on documents (storage_key)',
    'create index documents_by_ordinal on documents (collection_id, first_ordinal)',
    `create table document_tags (
      document_id text not null references documents (id) on delete cascade, collection_id text not null, tag text not null,
      primary key (document_id, tag))`,
    'create index document_tags_by_tag on document_tags (collection_id, tag, document_id)',

    `create table revisions (
      document_id text not null, revision integer not null, collection_no integer not null,
      first_ordinal ${bigint} not null, chunk_count integer not null, title text not null, language text,
      dropped integer not null default 0, primary key (document_id, revision))`,
    'create index revisions_by_collection on revisions (collection_no, dropped)',
    `create table pages (
      document_id text not null, revision integer not null, page integer not null, start integer not null,
      text text not null)`,
    'create unique index pages_by_position on pages (document_id, revision, page, start)',
    `create table chunks (
      key ${bigKey}, document_id text not null, revision integer not null, seq integer not null,
      page integer not null, start integer not null, "end" integer not null, heading_path text not null,
      token_count integer not null, text text not null, table_header text, text_hash text not null)`,
    'create unique index chunks_by_position on chunks (document_id, revision, seq)',
    'create index chunks_by_text on chunks (text_hash)',

    `create table vectors (key ${bigKey}, data ${blob} not null)`,
    `create table vector_log (
      id ${serial}, collection_no integer not null, first_ordinal ${bigint} not null, ordinal_count integer not null)`,
    'create index vector_log_by_collection on vector_log (collection_no, id)',
    `create table postings (
      collection_no integer not null, block integer not null, term text not null, data ${blob} not null,
      primary key (collection_no, block, term)) ${compact}`,
    `create table posting_lengths (
      collection_no integer not null, block integer not null, data ${blob} not null,
      primary key (collection_no, block))`,
    `create table posting_stats (
      collection_no integer primary key, chunk_count integer not null, length_sum ${bigint} not null) `,
    `create table tombstones (
      id ${serial}, collection_no integer not null, first_ordinal ${bigint} not null,
      ordinal_count integer not null, purged integer not null default 0)`,
    'create index tombstones_by_collection on tombstones (collection_no, id)',
    'create index tombstones_unpurged on tombstones (collection_no) where purged = 0',

    `create table tasks (
      id text primary key, user_id text not null references users (id) on delete cascade, kind text not null,
      created_at text not null, finished_at text)`,
    'create index tasks_by_user on tasks (user_id, created_at, id)',
    'create index tasks_by_end on tasks (user_id, finished_at)',
    'create index tasks_active on tasks (user_id, created_at, id) where finished_at is null',
    'create index tasks_ended on tasks (user_id, finished_at) where finished_at is not null',
    `create table task_items (
      task_id text not null references tasks (id) on delete cascade, position integer not null,
      document_id text not null, filename text not null, status text not null, stage text not null,
      percent integer not null default 0, error_code text, error_detail text, primary key (task_id, position))`,
    'create index task_items_by_document on task_items (document_id, task_id)',
    `create table jobs (
      id text primary key, kind text not null, payload text not null, document_id text,
      priority integer not null default 0, state text not null, run_at text not null, attempt integer not null default 0,
      max_attempts integer not null, deaths integer not null default 0, lease_owner text, lease_until text, last_error text, created_at text not null,
      finished_at text)`,
    `create index jobs_due on jobs (kind, priority desc, run_at, id) where state = 'queued'`,
    `create index jobs_running on jobs (lease_until) where state = 'running'`,
    'create index jobs_by_document on jobs (document_id, state)',
    'create index jobs_by_state on jobs (state, created_at, id)',

    `create table conversations (
      id text primary key, user_id text not null references users (id) on delete cascade, title text not null,
      created_at text not null, updated_at text not null)`,
    'create index conversations_by_user on conversations (user_id, updated_at, id)',
    `create table messages (
      no ${serial}, id text not null unique,
      conversation_id text not null references conversations (id) on delete cascade, user_id text not null,
      role text not null, content text not null, answered integer, citations text, sources text, model text,
      rating integer, comment text, created_at text not null)`,
    'create index messages_by_conversation on messages (conversation_id, created_at, id)',
    'create index messages_by_user on messages (user_id, no)',
    `create table message_citations (
      message_id text not null references messages (id) on delete cascade, position integer not null,
      question_id text not null, conversation_id text not null, user_id text not null,
      document_id text not null references documents (id) on delete cascade, marker integer not null,
      page integer not null, start integer not null, "end" integer not null, quote text not null,
      primary key (message_id, position))`,
    'create index message_citations_by_document on message_citations (document_id, user_id, message_id, position)',

    `create table usage (
      user_id text not null, day text not null, model text not null, kind text not null,
      requests integer not null default 0, cached_requests integer not null default 0,
      prompt_tokens ${bigint} not null default 0, completion_tokens ${bigint} not null default 0,
      cost_usd double precision not null default 0, saved_usd double precision not null default 0,
      primary key (user_id, day, model, kind))`,
    'create index usage_by_day on usage (day)',
    `create table audit (
      id text primary key, at text not null, actor_id text, action text not null, target text, detail text, ip text)`,
    'create index audit_by_time on audit (at, id)',
    'create index audit_by_actor on audit (actor_id, at, id)',
    `create table idempotency_keys (
      hash text primary key, request_hash text not null, status integer, body text, created_at text not null)`,
    'create index idempotency_keys_by_time on idempotency_keys (created_at)',
    'create table settings (name text primary key, value text not null)',

    ...sqliteOnly(
      `create virtual table documents_fts using fts5 (
        title, filename, content='documents', content_rowid='no', tokenize='trigram')`,
      // what is deleted leaves the index at once, not when it is next put in order
      `insert into documents_fts (documents_fts, rank) values ('secure-delete', 1)`,
      `create trigger documents_fts_insert after insert on documents begin
        insert into documents_fts (rowid, title, filename) values (new.no, new.title, new.filename); end`,
      `create trigger documents_fts_delete after delete on documents begin
        insert into documents_fts (documents_fts, rowid, title, filename) values ('delete', old.no, old.title, old.filename); end`,
      `create trigger documents_fts_update after update of title, filename on documents begin
        insert into documents_fts (documents_fts, rowid, title, filename) values ('delete', old.no, old.title, old.filename);
        insert into documents_fts (rowid, title, filename) values (new.no, new.title, new.filename); end`,
      // the writer is a word of its own: what others wrote is passed over inside the index
      `create virtual table messages_fts using fts5 (
        user_id, content, content='messages', content_rowid='no', prefix='2 3',
        tokenize='unicode61 remove_diacritics 2')`,
      `insert into messages_fts (messages_fts, rank) values ('secure-delete', 1)`,
      `create trigger messages_fts_insert after insert on messages begin
        insert into messages_fts (rowid, user_id, content) values (new.no, new.user_id, new.content); end`,
      `create trigger messages_fts_delete after delete on messages begin
        insert into messages_fts (messages_fts, rowid, user_id, content) values ('delete', old.no, old.user_id, old.content); end`,
    ),

    ...postgresOnly(
      // postings and vectors do not get smaller, and are written over and over: compressing them costs more than it saves
      'alter table postings alter column data set storage external',
      'alter table vectors alter column data set storage external',
      // parts of words in titles and file names
      'create extension if not exists pg_trgm',
      'create index documents_trigrams on documents using gin (title gin_trgm_ops, filename gin_trgm_ops)',
      // the words of a message without case and accents, and its writer as a word of its own
      `create function message_words(user_id text, content text) returns tsvector
        language sql immutable strict parallel safe return array_to_tsvector(
          array['@' || user_id] || array_remove(regexp_split_to_array(
            regexp_replace(
              translate(lower(regexp_replace(normalize(left(content, 100000), NFKD), '[\u0300-\u036f]', '', 'g')
                collate "pg_c_utf8"), 'ς', 'σ'),
              '([^${SEPARATORS}]{100})[^${SEPARATORS}]+', '\\1', 'g'),
            '[${SEPARATORS}]+'), ''))`,
      'create index messages_words on messages using gin (message_words(user_id, content))',
    ),
  ],
};
