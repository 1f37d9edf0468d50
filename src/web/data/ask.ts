import type { Problem } from '../../contract/common.ts';
import type { Answer, AnswerEvent, Citation } from '../../contract/query.ts';
import type { Filters } from '../../contract/search.ts';
import { send } from '../client/http.ts';
import { ProblemError } from '../client/problem.ts';
import { serverSentEvents } from '../client/server-sent-events.ts';

export interface Question {
  readonly query: string;
  readonly conversationId?: string;
  readonly filters?: Filters;
}

/** The events of one answer as they arrive; giving up the signal stops the server too. @throws as `send` */
export async function* ask(question: Question, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
  const response = await send('/api/v1/query', {
    method: 'POST',
    json: question,
    headers: { accept: 'text/event-stream' },
    signal,
  });
  if (response.body === null) return;
  for await (const { event, data } of serverSentEvents(response.body)) {
    const value: unknown = JSON.parse(data);
    switch (event) {
      case 'sources':
        yield { type: 'sources', sources: value as Answer['sources'] };
        break;
      case 'token':
        yield { type: 'token', text: (value as { text: string }).text };
        break;
      case 'citation':
        yield { type: 'citation', citation: value as Citation };
        break;
      case 'done':
        yield { type: 'done', answer: value as Answer };
        return;
      case 'error':
        throw new ProblemError(value as Problem);
    }
  }
}
