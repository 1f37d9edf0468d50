import type { Problem } from '../../../contract/common.ts';
import {
  type AnswerEvent,
  answer,
  queryBatchBody,
  queryBatchResult,
  queryBody,
} from '../../../contract/query.ts';
import type { App } from '../app-types.ts';
import { type Ask, lastAnswer } from '../asking.ts';
import { clientGone } from '../client-gone.ts';
import { loggedProblem } from '../logged-problem.ts';
import { mapBounded } from '../map-bounded.ts';
import type { Services } from '../services.ts';
import { type ServerEvent, sendEvents } from '../sse.ts';

/** Questions of one batch at a time; each takes a search and the sentences of its passages. */
const BATCH_CONCURRENCY = 4;

export function registerQueryRoutes(app: App, { log }: Services, ask: Ask): void {
  app.post(
    '/api/v1/query',
    {
      config: { access: 'read', mayLag: true },
      schema: { body: queryBody, response: { 200: answer } },
      // made by typed code; checking it again takes about 20 µs
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply) => {
      const whole = !/\btext\/event-stream\b/i.test(request.headers.accept ?? '');
      const events = ask(request, request.body, clientGone(reply), { whole });
      if (whole) return lastAnswer(events);
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
      config: { access: 'read', mayLag: true },
      schema: { body: queryBatchBody, response: { 200: queryBatchResult } },
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply) => {
      const gone = clientGone(reply);
      const results = await mapBounded(request.body.queries, BATCH_CONCURRENCY, (question) =>
        lastAnswer(ask(request, question, gone, { whole: true })).catch((error: unknown) =>
          loggedProblem(error, request, log),
        ),
      );
      return { results };
    },
  );
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
