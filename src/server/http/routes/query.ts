import type { FastifyRequest } from 'fastify';
import type { Problem } from '../../../contract/common.ts';
import {
  type Answer,
  type AnswerEvent,
  answer,
  type QueryRequest,
  queryBatchBody,
  queryBatchResult,
  queryBody,
} from '../../../contract/query.ts';
import { appendExchange, needConversation } from '../../records/conversations.ts';
import { createUsageMeter } from '../../records/usage-meter.ts';
import type { App } from '../app-types.ts';
import { clientGone } from '../client-gone.ts';
import type { LastHour } from '../last-hour.ts';
import { loggedProblem } from '../logged-problem.ts';
import { mapBounded } from '../map-bounded.ts';
import type { Services } from '../services.ts';
import { type ServerEvent, sendEvents } from '../sse.ts';
import { createStageNotes } from '../stage-notes.ts';

/** Questions of one batch at a time; each takes a search and the sentences of its passages. */
const BATCH_CONCURRENCY = 4;

export function registerQueryRoutes(
  app: App,
  { answering, db, log, metrics }: Services,
  lastHour: LastHour,
): void {
  const noteStages = createStageNotes(metrics);
  const usage = createUsageMeter(db, (error) => log.error('usage.write-failed', { error }));
  app.addHook('onClose', () => usage.flush());

  /** The events of one answer; a whole one is counted and kept in its conversation before it is passed on. */
  async function* ask(
    request: FastifyRequest,
    question: QueryRequest,
    signal: AbortSignal,
  ): AsyncGenerator<AnswerEvent> {
    const { userId } = request.caller;
    const { conversationId } = question;
    if (conversationId !== undefined) await needConversation(db, userId, conversationId);
    for await (const event of answering.ask(userId, question, signal)) {
      if (event.type === 'done') {
        const { model, cached, usage: used, timings } = event.answer;
        noteStages(request, event.answer);
        lastHour.record(userId, { kind: 'question', ms: timings.totalMs, cached });
        usage.record({ userId, kind: 'answer', model, cached, ...used });
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
  }

  app.post(
    '/api/v1/query',
    {
      config: { access: 'read' },
      schema: { body: queryBody, response: { 200: answer } },
      // made by typed code; checking it again takes about 20 µs
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply) => {
      const events = ask(request, request.body, clientGone(reply));
      if (!/\btext\/event-stream\b/i.test(request.headers.accept ?? '')) return lastAnswer(events);
      // what is refused before anything was found out still has its own status
      const first = await events.next();
      return sendEvents(reply, () =>
        serverEvents(first, events, {
          elapsedMs: () => reply.elapsedTime,
          asProblem: (error) => loggedProblem(error, request, log),
        }),
      );
    },
  );

  app.post(
    '/api/v1/query/batch',
    {
      config: { access: 'read' },
      schema: { body: queryBatchBody, response: { 200: queryBatchResult } },
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply) => {
      const gone = clientGone(reply);
      const results = await mapBounded(request.body.queries, BATCH_CONCURRENCY, (question) =>
        lastAnswer(ask(request, question, gone)).catch((error: unknown) =>
          loggedProblem(error, request, log),
        ),
      );
      return { results };
    },
  );
}

async function lastAnswer(events: AsyncIterable<AnswerEvent>): Promise<Answer> {
  for await (const event of events) if (event.type === 'done') return event.answer;
  throw new Error('the answer ended without its last event');
}

async function* serverEvents(
  first: IteratorResult<AnswerEvent>,
  events: AsyncGenerator<AnswerEvent>,
  { elapsedMs, asProblem }: { elapsedMs: () => number; asProblem: (error: unknown) => Problem },
): AsyncGenerator<ServerEvent> {
  let id = 0;
  let firstTokenMs: number | undefined;
  try {
    for (let next = first; !next.done; next = await events.next()) {
      if (next.value.type === 'token') firstTokenMs ??= Math.round(elapsedMs() * 1000) / 1000;
      yield { ...asServerEvent(next.value, firstTokenMs), id: String(++id) };
    }
  } catch (error) {
    yield { event: 'error', data: asProblem(error), id: String(++id) };
  } finally {
    await events.return(undefined);
  }
}

function asServerEvent(event: AnswerEvent, firstTokenMs: number | undefined): ServerEvent {
  switch (event.type) {
    case 'sources':
      return { event: 'sources', data: event.sources };
    case 'token':
      return { event: 'token', data: { text: event.text } };
    case 'citation':
      return { event: 'citation', data: event.citation };
    case 'done':
      return {
        event: 'done',
        data:
          firstTokenMs === undefined
            ? event.answer
            : { ...event.answer, timings: { ...event.answer.timings, firstTokenMs } },
      };
    default:
      return event satisfies never;
  }
}
