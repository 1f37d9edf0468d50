import { type Kysely, type Selectable, sql } from 'kysely';
import type { z } from 'zod';
import type { ListPage } from '../../contract/common.ts';
import type { Conversation, feedbackBody, Message } from '../../contract/conversations.ts';
import type { Answer } from '../../contract/query.ts';
import { AppError } from '../errors.ts';
import type { ConversationRow, Database, MessageRow } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { likeIn } from './dialect.ts';
import { noteCitations } from './document-citations.ts';
import { newId, now } from './ids.ts';
import { listPage } from './listing.ts';
import { searchMessages } from './message-search.ts';

type Db = Kysely<Database>;
interface Page {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const UNTITLED = 'New conversation';
const MAX_TITLE = 80;

const toConversation = (row: Selectable<ConversationRow>): Conversation => ({
  id: row.id,
  title: row.title,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

const toMessage = (row: Selectable<MessageRow>): Message => ({
  id: row.id,
  role: row.role,
  content: row.content,
  answered: row.answered === null ? null : row.answered === 1,
  citations: row.citations === null ? [] : (JSON.parse(row.citations) as Message['citations']),
  sources: row.sources === null ? [] : (JSON.parse(row.sources) as Message['sources']),
  model: row.model,
  ...(row.fallback === null ? {} : { fallback: row.fallback }),
  ...(row.degraded === null ? {} : { degraded: row.degraded }),
  feedback: row.rating === null ? null : { rating: row.rating as 1 | -1, comment: row.comment },
  createdAt: row.created_at,
});

export async function createConversation(
  db: Db,
  userId: string,
  title: string = UNTITLED,
): Promise<Conversation> {
  const at = now();
  const row = { id: newId(), user_id: userId, title, created_at: at, updated_at: at };
  await db.insertInto('conversations').values(row).execute();
  return toConversation(row);
}

/** @throws AppError NOT_FOUND when it is not there or somebody else's. */
export async function needConversation(db: Db, userId: string, id: string): Promise<Conversation> {
  const row = await db
    .selectFrom('conversations')
    .selectAll()
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  if (row === undefined) throw new AppError('NOT_FOUND', 'There is no such conversation.');
  return toConversation(row);
}

/**
 * The user's conversations, the latest used first.
 *
 * @param page.q words that all stand in the title or all in one message, in any case. What was found in messages
 * is shown with an excerpt of the latest of them.
 */
export async function listConversations(
  db: Db,
  userId: string,
  page: Page & { readonly q?: string | undefined },
): Promise<ListPage<Conversation>> {
  const words = wordsOf(page.q);
  const search = searchMessages(db, userId, page.q ?? '');
  let own = db.selectFrom('conversations').where('user_id', '=', userId);
  if (words.length > 0)
    own = own.where((e) => {
      const inTitle = words.map((word) =>
        e.or(spellingsOf(word).map((form) => e('title', likeIn(db), `%${form}%`))),
      );
      return e.or([
        e.and(inTitle),
        ...(search === undefined
          ? []
          : [e('id', 'in', e.selectFrom('messages').select('conversation_id').where(search.condition))]),
      ]);
    });
  const found = await listPage(own.selectAll(), {
    ...page,
    order: ['updated_at', 'id'],
    descending: true,
    show: toConversation,
  });
  if (search === undefined || found.items.length === 0) return found;
  const latest = await db
    .selectFrom('messages')
    .select((e) => ['conversation_id', e.fn.max('no').as('no')])
    .where(
      'conversation_id',
      'in',
      found.items.map(({ id }) => id),
    )
    .where(search.condition)
    .groupBy('conversation_id')
    .execute();
  if (latest.length === 0) return found;
  const snippets = await search.snippets(
    db,
    latest.map(({ no }) => no),
  );
  const noOf = new Map(latest.map(({ conversation_id, no }) => [conversation_id, no]));
  return {
    ...found,
    items: found.items.map((item) => {
      const snippet = snippets.get(noOf.get(item.id) ?? -1);
      return snippet === undefined ? item : { ...item, snippet };
    }),
  };
}

/** `_` and `%` match themselves only as any character would: they are turned into the wildcard for one. */
const wordsOf = (q = ''): string[] =>
  q
    .toWellFormed()
    .normalize('NFC')
    .split(/\s+/u)
    .filter(Boolean)
    .map((word) => word.replaceAll(/[%_\0]/g, '_'));

/** ASCII letters alone are compared without case: the usual ways to write others are all asked for. */
function spellingsOf(word: string): string[] {
  const lower = word.toLowerCase();
  const capitalized = lower.replace(/^./u, (first) => first.toUpperCase());
  return [...new Set([word, lower, capitalized, word.toUpperCase()])];
}

export async function renameConversation(
  db: Db,
  userId: string,
  id: string,
  title: string | undefined,
): Promise<Conversation> {
  if (title !== undefined)
    await db
      .updateTable('conversations')
      .set({ title })
      .where('id', '=', id)
      .where('user_id', '=', userId)
      .execute();
  return needConversation(db, userId, id);
}

/** Its messages go with it. @throws AppError NOT_FOUND */
export async function deleteConversation(db: Db, userId: string, id: string): Promise<void> {
  const { numDeletedRows } = await db
    .deleteFrom('conversations')
    .where('id', '=', id)
    .where('user_id', '=', userId)
    .executeTakeFirst();
  if (numDeletedRows === 0n) throw new AppError('NOT_FOUND', 'There is no such conversation.');
}

/** The message and all that were written after it. @throws AppError NOT_FOUND */
export async function deleteMessagesFrom(
  tx: Transaction,
  userId: string,
  conversationId: string,
  messageId: string,
): Promise<void> {
  await needConversation(tx, userId, conversationId);
  const first = await tx
    .selectFrom('messages')
    .select('created_at')
    .where('id', '=', messageId)
    .where('conversation_id', '=', conversationId)
    .executeTakeFirst();
  if (first === undefined) throw new AppError('NOT_FOUND', 'There is no such message.');
  await tx
    .deleteFrom('messages')
    .where('conversation_id', '=', conversationId)
    .where(sql<boolean>`(created_at, id) >= (${first.created_at}, ${messageId})`)
    .execute();
}

/** In the order in which they were written. @throws AppError NOT_FOUND, INVALID_CURSOR. */
export async function listMessages(
  db: Db,
  userId: string,
  conversationId: string,
  page: Page,
): Promise<ListPage<Message>> {
  await needConversation(db, userId, conversationId);
  const all = db.selectFrom('messages').where('conversation_id', '=', conversationId);
  return listPage(all.selectAll(), {
    ...page,
    order: ['created_at', 'id'],
    descending: false,
    show: toMessage,
  });
}

/**
 * The latest questions with their answers, oldest first; `id` is the answer's.
 *
 * @throws AppError NOT_FOUND when the conversation is not the user's.
 */
export async function recentExchanges(
  db: Db,
  userId: string,
  conversationId: string,
  most: number,
): Promise<{ id: string; question: string; answer: string }[]> {
  await needConversation(db, userId, conversationId);
  const rows = await db
    .selectFrom('messages')
    .select(['id', 'role', 'content'])
    .where('conversation_id', '=', conversationId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(2 * most)
    .execute();
  return rows.reverse().flatMap(({ id, role, content }, i, all) => {
    const before = all[i - 1];
    return role === 'assistant' && before?.role === 'user'
      ? [{ id, question: before.content, answer: content }]
      : [];
  });
}

/**
 * Adds a question and its answer. The first question gives an untitled conversation its title.
 *
 * @returns the ids of both messages.
 * @throws AppError NOT_FOUND when the conversation is not the user's (any more).
 */
export async function appendExchange(
  db: Db,
  exchange: {
    readonly userId: string;
    readonly conversationId: string;
    readonly question: string;
    readonly answer: Pick<
      Answer,
      'answer' | 'answered' | 'citations' | 'sources' | 'model' | 'fallback' | 'degraded'
    >;
  },
): Promise<{ questionId: string; answerId: string }> {
  const { userId, conversationId, question, answer } = exchange;
  const [questionId, answerId, at] = [newId(), newId(), now()];
  const common = {
    conversation_id: conversationId,
    user_id: userId,
    rating: null,
    comment: null,
    created_at: at,
  };
  await db.transaction().execute(async (tx) => {
    const { title } = await needConversation(tx, userId, conversationId);
    await tx
      .insertInto('messages')
      .values([
        {
          ...common,
          id: questionId,
          role: 'user',
          content: question,
          answered: null,
          citations: null,
          sources: null,
          model: null,
          fallback: null,
          degraded: null,
        },
        {
          ...common,
          id: answerId,
          role: 'assistant',
          content: answer.answer,
          answered: answer.answered ? 1 : 0,
          citations: JSON.stringify(answer.citations),
          sources: JSON.stringify(answer.sources),
          model: answer.model,
          fallback: answer.fallback ?? null,
          degraded: answer.degraded ?? null,
        },
      ])
      .execute();
    await noteCitations(tx, { id: answerId, questionId, conversationId, userId }, answer.citations);
    await tx
      .updateTable('conversations')
      .set({ updated_at: at, ...(title === UNTITLED ? { title: titleFrom(question) } : {}) })
      .where('id', '=', conversationId)
      .execute();
  });
  return { questionId, answerId };
}

/** The question's first words, cut between words where that leaves most of them. */
function titleFrom(question: string): string {
  const line = question.replaceAll(/\s+/gu, ' ').trim();
  if (line.length <= MAX_TITLE) return line;
  const cut = line.slice(0, MAX_TITLE);
  const space = cut.lastIndexOf(' ');
  return `${(space > MAX_TITLE / 2 ? cut.slice(0, space) : cut).toWellFormed().replace(/\uFFFD$/, '')}…`;
}

/** @throws AppError NOT_FOUND unless the message is an answer in a conversation of the user. */
export async function rateMessage(
  tx: Transaction,
  userId: string,
  messageId: string,
  { rating, comment }: z.infer<typeof feedbackBody>,
): Promise<Message> {
  const found = await tx
    .selectFrom('messages as m')
    .innerJoin('conversations as c', 'c.id', 'm.conversation_id')
    .select('m.id')
    .where('m.id', '=', messageId)
    .where('m.role', '=', 'assistant')
    .where('c.user_id', '=', userId)
    .executeTakeFirst();
  if (found === undefined) throw new AppError('NOT_FOUND', 'There is no such answer.');
  const row = await tx
    .updateTable('messages')
    .set({ rating, comment: comment ?? null })
    .where('id', '=', messageId)
    .returningAll()
    .executeTakeFirstOrThrow();
  return toMessage(row);
}

/** The whole conversation as Markdown, part by part: questions as headings, answers, and what they cite. */
export async function* conversationMarkdown(db: Db, userId: string, id: string): AsyncGenerator<string> {
  const { title, createdAt } = await needConversation(db, userId, id);
  yield `# ${oneLine(title)}\n\n${createdAt}\n`;
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page: ListPage<Message> = await listMessages(db, userId, id, { limit: 200, cursor });
    for (const message of page.items)
      yield message.role === 'user' ? `\n## ${oneLine(message.content)}\n` : answerMarkdown(message);
    cursor = page.nextCursor;
  }
}

function answerMarkdown({ content, citations }: Message): string {
  const notes = citations.map(
    ({ marker, title, page, quote }) =>
      `- [${marker}] ${oneLine(title)}, page ${page}: “${oneLine(quote)}”\n`,
  );
  return `\n${content}\n${notes.length === 0 ? '' : `\n${notes.join('')}`}`;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim();
