import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { isPostgres, likeWord } from './dialect.ts';
import { SEPARATORS } from './migrations/0001-first.ts';

type Db = Kysely<Database>;

/** How a message is looked for: a condition on `messages`, and the excerpts of messages that meet it. */
export interface MessageSearch {
  readonly condition: RawBuilder<boolean>;
  /** @param nos of messages that meet the condition. @returns the part with the words, by number. */
  snippets(db: Db, nos: readonly number[]): Promise<Map<number, string>>;
}

/** Scripts written without spaces: the index has no words of theirs. */
const DENSE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const WORDS = /[\p{L}\p{N}\p{M}]+/gu;
/** Messages that are read for words that no index has: some 10 ms of a thousand characters each. */
const MOST_READ = 2000;
const SNIPPET_WORDS = 16;
const SNIPPET_CHARS = 80;

/**
 * Finds messages of the user that hold all words of `q`, or words that begin with them, in any case and with any
 * accents. Undefined when `q` holds no word.
 */
export function searchMessages(db: Db, userId: string, q: string): MessageSearch | undefined {
  const words = q.toWellFormed().normalize('NFC').match(WORDS) ?? [];
  if (words.length === 0) return undefined;
  if (words.some((word) => DENSE.test(word))) return readMessages(db, userId, words);
  return isPostgres(db) ? askWordIndex(userId, words) : askIndex(userId, words);
}

function askIndex(userId: string, words: readonly string[]): MessageSearch {
  // of the id the last part is a word by chance nobody else's; a letter alone begins too much of everything
  const owner = userId.split('-').at(-1);
  const terms = words.map((word) => (word.length === 1 ? `"${word}"` : `"${word}" *`)).join(' AND ');
  const query = `user_id : "${owner}" AND content : (${terms})`;
  return {
    condition: sql`user_id = ${userId} and no in (select rowid from messages_fts where messages_fts match ${query})`,
    async snippets(db, nos) {
      const { rows } = await sql<{ no: number; snippet: string }>`
        select rowid as no, snippet(messages_fts, 1, '', '', '…', ${SNIPPET_WORDS}) as snippet
        from messages_fts where messages_fts match ${query} and rowid in (${sql.join(nos)})`.execute(db);
      return new Map(rows.map(({ no, snippet }) => [no, oneLine(snippet)]));
    },
  };
}

const BETWEEN_WORDS = new RegExp(`[${SEPARATORS}]+`, 'u');
const LONGEST_WORD = 100;

/** A word as PostgreSQL's function `message_words` keeps it. */
const folded = (word: string): string =>
  word
    .normalize('NFKD')
    .replaceAll(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .slice(0, LONGEST_WORD);

function askWordIndex(userId: string, words: readonly string[]): MessageSearch {
  const wanted = words.flatMap((word) => folded(word).split(BETWEEN_WORDS)).filter(Boolean);
  const lexeme = (word: string) => `'${word.replaceAll(/['\\]/g, '\\$&')}'`;
  // a letter alone begins too much of everything
  const terms = wanted.map((word) => (word.length === 1 ? lexeme(word) : `${lexeme(word)}:*`));
  const query = [lexeme(`@${userId}`), ...terms].join(' & ');
  return {
    condition: sql`message_words(user_id, content) @@ ${query}::tsquery`,
    async snippets(db, nos) {
      const rows = await db.selectFrom('messages').select(['no', 'content']).where('no', 'in', nos).execute();
      return new Map(rows.map(({ no, content }) => [no, aroundFolded(content, wanted)]));
    },
  };
}

/** Some words of the text, the first of those looked for among them. */
function aroundFolded(content: string, wanted: readonly string[]): string {
  const words = [...content.matchAll(WORDS)];
  const hit = words.findIndex(([word]) => wanted.some((part) => folded(word).startsWith(part)));
  const first = Math.max(0, hit - SNIPPET_WORDS / 4);
  const end = first + SNIPPET_WORDS;
  const from = first === 0 ? 0 : words[first]?.index;
  const part = oneLine(content.slice(from, words[end]?.index));
  return `${first > 0 ? '…' : ''}${part}${end < words.length ? '…' : ''}`;
}

function readMessages(db: Db, userId: string, words: readonly string[]): MessageSearch {
  const held = words.map((word) => sql`content ${likeWord(db)} ${`%${word}%`}`);
  return {
    condition: sql`no in (
      select no from (select no, content from messages where user_id = ${userId} order by no desc limit ${MOST_READ})
      where ${sql.join(held, sql` and `)})`,
    async snippets(db, nos) {
      const rows = await db.selectFrom('messages').select(['no', 'content']).where('no', 'in', nos).execute();
      return new Map(rows.map(({ no, content }) => [no, around(content, words)]));
    },
  };
}

/** The text around the first of the words in it. */
function around(content: string, words: readonly string[]): string {
  const lower = content.toLowerCase();
  const places = words.map((word) => lower.indexOf(word.toLowerCase())).filter((at) => at >= 0);
  const start = Math.max(0, Math.min(...places, content.length) - SNIPPET_CHARS / 4);
  const end = start + SNIPPET_CHARS;
  const part = oneLine(content.slice(start, end).toWellFormed().replaceAll('\uFFFD', ''));
  return `${start > 0 ? '…' : ''}${part}${end < content.length ? '…' : ''}`;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim();
