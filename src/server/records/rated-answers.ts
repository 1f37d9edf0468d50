import type { Kysely } from 'kysely';
import type { z } from 'zod';
import type { ListPage } from '../../contract/common.ts';
import type { Citation } from '../../contract/query.ts';
import type { evaluationCase, ratedAnswer } from '../../contract/system.ts';
import type { Database } from '../ports/schema.ts';
import { listPage } from './listing.ts';

type Rated = z.infer<typeof ratedAnswer>;
type EvaluationCase = z.infer<typeof evaluationCase>;

/** Answers that their readers rated, of all users, the latest first. */
export function listRatedAnswers(
  db: Kysely<Database>,
  page: { limit: number; cursor?: string | undefined; rating?: 1 | -1 | undefined },
): Promise<ListPage<Rated>> {
  let rated = db
    .selectFrom('messages as m')
    .innerJoin('users as u', 'u.id', 'm.user_id')
    .where('m.rating', 'is not', null);
  if (page.rating !== undefined) rated = rated.where('m.rating', '=', page.rating);
  return listPage(
    rated
      .select(['m.id', 'm.created_at', 'm.content', 'm.answered', 'm.citations', 'm.model', 'm.rating'])
      .select(['m.comment', 'u.id as user_id', 'u.email'])
      .select((e) =>
        e
          .selectFrom('messages as q')
          .select('q.content')
          .whereRef('q.conversation_id', '=', 'm.conversation_id')
          .whereRef('q.created_at', '<=', 'm.created_at')
          .whereRef('q.id', '<', 'm.id')
          .where('q.role', '=', 'user')
          .orderBy('q.created_at', 'desc')
          .orderBy('q.id', 'desc')
          .limit(1)
          .as('question'),
      ),
    {
      ...page,
      order: ['created_at', 'id'],
      table: 'm',
      descending: true,
      show: (row) => ({
        messageId: row.id,
        userId: row.user_id,
        email: row.email,
        question: row.question ?? '',
        answer: row.content,
        answered: row.answered === 1,
        citations: JSON.parse(row.citations ?? '[]') as Citation[],
        model: row.model,
        rating: row.rating as 1 | -1,
        comment: row.comment,
        createdAt: row.created_at,
      }),
    },
  );
}

/**
 * Rated answers as lines of `qa.jsonl`, which `ka eval` reads. What was rated good says what is right: the quotes that
 * it rests on, or that there is no answer; what was rated bad leaves the right answer open, for a person to fill in.
 */
export async function* evaluationCases(
  db: Kysely<Database>,
  rating: 1 | -1 | undefined,
): AsyncGenerator<EvaluationCase> {
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page: ListPage<Rated> = await listRatedAnswers(db, { limit: 200, cursor, rating });
    for (const rated of page.items) {
      const isGood = rated.rating === 1;
      yield {
        _id: rated.messageId,
        question: rated.question,
        answers: isGood ? [...new Set(rated.citations.map(({ quote }) => quote))] : [],
        unanswerable: isGood && !rated.answered,
        doc_ids: isGood ? [...new Set(rated.citations.map(({ documentId }) => documentId))] : [],
        rating: rated.rating,
        comment: rated.comment,
        given: rated.answer,
      };
    }
    cursor = page.nextCursor;
  }
}
