import type { FastifyRequest } from 'fastify';
import type { Answer, AnswerEvent, QueryRequest } from '../../contract/query.ts';
import type { HowToAsk } from '../answer/answering.ts';
import { appendExchange, needConversation } from '../records/conversations.ts';
import type { LastHour } from './last-hour.ts';
import type { Services } from './services.ts';
import { createStageNotes } from './stage-notes.ts';

/**
 * The events of one answer to the request's caller; a whole one is counted and kept in its conversation before
 * it is passed on.
 *
 * @throws AppError NOT_FOUND for a conversation, collection or document that is not the caller's.
 */
export type Ask = (
  request: FastifyRequest,
  question: QueryRequest,
  signal: AbortSignal,
  how?: HowToAsk,
) => AsyncGenerator<AnswerEvent>;

/** One for all mouths of a server, so that every protocol counts alike. */
export function createAsking({ answering, db, metrics, usage }: Services, lastHour: LastHour): Ask {
  const noteStages = createStageNotes(metrics);
  const answers = metrics.counters('ka_answers_total', 'Questions by what came of them', 'outcome', [
    'cached',
    'answered',
    'unanswered',
  ]);
  return async function* (request, question, signal, how) {
    const { userId } = request.caller;
    const { conversationId } = question;
    if (conversationId !== undefined) await needConversation(db, userId, conversationId);
    for await (const event of answering.ask(userId, question, signal, how)) {
      if (event.type === 'done') {
        const { model, cached, usage: used, timings } = event.answer;
        noteStages(request, event.answer);
        answers.add(cached ? 'cached' : event.answer.answered ? 'answered' : 'unanswered');
        lastHour.record(userId, { kind: 'question', ms: timings.totalMs, cached });
        usage.request({ userId, kind: 'answer', model, savedUsd: cached ? used.costUsd : undefined });
        if (conversationId !== undefined)
          await appendExchange(db, {
            userId,
            conversationId,
            question: question.query,
            answer: event.answer,
          });
      }
      yield event;
    }
  };
}

export async function lastAnswer(events: AsyncIterable<AnswerEvent>): Promise<Answer> {
  for await (const event of events) if (event.type === 'done') return event.answer;
  throw new Error('the answer ended without its last event');
}
