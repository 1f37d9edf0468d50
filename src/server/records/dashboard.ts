import { type Kysely, sql } from 'kysely';
import type { Dashboard } from '../../contract/dashboard.ts';
import type { Database, DocumentRow, UsageRow } from '../ports/schema.ts';
import { countBy } from './count-by.ts';
import { visibleCollections } from './documents.ts';

type Db = Kysely<Database>;

/** How many collections, documents of each status and conversations the user has to look at. */
export async function countOwn(
  db: Db,
  userId: string,
): Promise<Pick<Dashboard, 'collections' | 'documents' | 'conversations'>> {
  const collections = await visibleCollections(db, userId, undefined);
  const documents = { total: 0, queued: 0, parsing: 0, embedding: 0, ready: 0, failed: 0 };
  for (const [status, count] of await countBy(db, collections, 'documents', 'status')) {
    documents[status as DocumentRow['status']] = count;
    documents.total += count;
  }
  const { conversations } = await db
    .selectFrom('conversations')
    .select((e) => e.fn.countAll<number>().as('conversations'))
    .where('user_id', '=', userId)
    .executeTakeFirstOrThrow();
  return { collections: collections.length, documents, conversations };
}

const RECENT_QUESTIONS = 10;

/**
 * The latest questions of the user's conversations. Asking puts a conversation at the head of the list, so that the
 * latest ten questions lie in the conversations at its head, and in each among the last ten.
 */
export async function recentQuestions(db: Db, userId: string): Promise<Dashboard['recentQuestions']> {
  const conversations = await db
    .selectFrom('conversations')
    .select('id')
    .where('user_id', '=', userId)
    .orderBy('updated_at', 'desc')
    .orderBy('id', 'desc')
    .limit(2 * RECENT_QUESTIONS)
    .execute();
  if (conversations.length === 0) return [];
  const latest = conversations.map(
    ({ id }) => sql`
      select id, conversation_id, content, created_at from (
        select id, conversation_id, content, created_at from messages
        where conversation_id = ${id} and role = 'user' order by created_at desc, id desc limit ${RECENT_QUESTIONS})`,
  );
  const { rows } = await sql<{
    id: string;
    conversation_id: string;
    content: string;
    created_at: string;
    answered: number | null;
  }>`
    select q.*, (
      select a.answered from messages a
      where a.conversation_id = q.conversation_id and (a.created_at, a.id) > (q.created_at, q.id)
      order by a.created_at, a.id limit 1) as answered
    from (${sql.join(latest, sql` union all `)}) q
    order by q.created_at desc, q.id desc limit ${RECENT_QUESTIONS}`.execute(db);
  return rows.map((row) => ({
    messageId: row.id,
    conversationId: row.conversation_id,
    question: row.content,
    answered: row.answered === null ? null : row.answered === 1,
    createdAt: row.created_at,
  }));
}

/**
 * What the user's questions cost in the month of `today`, day by day up to it.
 * @param today YYYY-MM-DD, UTC as usage is counted.
 */
export async function monthOf(
  db: Db,
  userId: string,
  today: string,
): Promise<Omit<Dashboard['month'], 'budgetUsd'>> {
  const month = today.slice(0, 7);
  const rows = await db
    .selectFrom('usage')
    .selectAll()
    .where('user_id', '=', userId)
    .where('day', '>=', `${month}-01`)
    .where('day', '<=', today)
    .execute();
  const answers = rows.filter(({ kind }) => kind === 'answer');
  const days = Array.from({ length: Number(today.slice(8)) }, (_, i) => {
    const day = `${month}-${String(i + 1).padStart(2, '0')}`;
    const ofDay = (row: UsageRow) => row.day === day;
    return {
      day,
      requests: sumOf(answers.filter(ofDay), 'requests'),
      costUsd: sumOf(rows.filter(ofDay), 'cost_usd'),
    };
  });
  return {
    requests: sumOf(answers, 'requests'),
    cachedRequests: sumOf(answers, 'cached_requests'),
    promptTokens: sumOf(rows, 'prompt_tokens'),
    completionTokens: sumOf(rows, 'completion_tokens'),
    costUsd: sumOf(rows, 'cost_usd'),
    savedUsd: sumOf(rows, 'saved_usd'),
    days,
  };
}

type Count =
  | 'requests'
  | 'cached_requests'
  | 'prompt_tokens'
  | 'completion_tokens'
  | 'cost_usd'
  | 'saved_usd';
const sumOf = (rows: readonly UsageRow[], count: Count): number =>
  rows.reduce((sum, row) => sum + row[count], 0);
