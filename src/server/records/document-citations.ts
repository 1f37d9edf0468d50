import { type Kysely, sql } from 'kysely';
import type { ListPage } from '../../contract/common.ts';
import type { DocumentCitation } from '../../contract/documents.ts';
import type { Citation } from '../../contract/query.ts';
import type { Database } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';
import { decodeCursor, encodeCursor } from './listing.ts';

/** Notes which documents a kept answer cites; one that was deleted meanwhile is left out. */
export async function noteCitations(
  tx: Transaction,
  message: {
    readonly id: string;
    readonly questionId: string;
    readonly conversationId: string;
    readonly userId: string;
  },
  citations: readonly Citation[],
): Promise<void> {
  for (const [position, { documentId, marker, page, start, end, quote }] of citations.entries())
    await sql`
      insert into message_citations
        (message_id, position, question_id, conversation_id, user_id, document_id, marker, page, start, "end", quote)
      select ${message.id}, ${position}, ${message.questionId}, ${message.conversationId}, ${message.userId},
        id, ${marker}, ${page}, ${start}, ${end}, ${quote}
      from documents where id = ${documentId}`.execute(tx);
}

/**
 * Where the user's own kept answers cite the document, the latest answer first, in the order of its citations.
 * @throws AppError INVALID_CURSOR
 */
export async function listDocumentCitations(
  db: Kysely<Database>,
  userId: string,
  documentId: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Promise<ListPage<DocumentCitation>> {
  const own = db
    .selectFrom('message_citations as c')
    .where('c.document_id', '=', documentId)
    .where('c.user_id', '=', userId);
  const { total } = await own.select((e) => e.fn.countAll<number>().as('total')).executeTakeFirstOrThrow();
  let rest = own;
  if (cursor !== undefined) {
    const [messageId, position] = decodeCursor(cursor, 2) as [string, number];
    rest = rest
      .where('c.message_id', '<=', messageId)
      .where((e) => e.or([e('c.message_id', '<', messageId), e('c.position', '>', position)]));
  }
  const rows = await rest
    .innerJoin('messages as answer', 'answer.id', 'c.message_id')
    .innerJoin('messages as question', 'question.id', 'c.question_id')
    .innerJoin('conversations as talk', 'talk.id', 'c.conversation_id')
    .selectAll('c')
    .select(['talk.title', 'question.content', 'answer.created_at'])
    .orderBy('c.message_id', 'desc')
    .orderBy('c.position')
    .limit(limit + 1)
    .execute();
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    items: rows.slice(0, limit).map((row) => ({
      messageId: row.message_id,
      conversationId: row.conversation_id,
      conversationTitle: row.title,
      question: row.content,
      marker: row.marker,
      page: row.page,
      start: row.start,
      end: row.end,
      quote: row.quote,
      createdAt: row.created_at,
    })),
    nextCursor: last === undefined ? null : encodeCursor([last.message_id, last.position]),
    total,
  };
}
