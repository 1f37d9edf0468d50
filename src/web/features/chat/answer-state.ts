import type { Message } from '../../../contract/conversations.ts';
import type { Citation } from '../../../contract/query.ts';
import type { Hit } from '../../../contract/search.ts';
import type { Exchange } from './exchanges.ts';

/** An answer as it is shown, wherever it comes from. */
export interface AnswerState {
  readonly status: 'waiting' | 'writing' | 'answered' | 'refused' | 'stopped' | 'failed';
  readonly text: string;
  readonly citations: readonly Citation[];
  readonly sources: readonly Hit[];
  /** Unknown while it is being written. */
  readonly model: string | undefined;
  readonly error: unknown;
}

const NOTHING = { text: '', citations: [], sources: [], model: undefined, error: undefined };

/** What the server kept goes before what this tab remembers. */
export function answerState(message: Message | undefined, asked: Exchange | undefined): AnswerState {
  if (message !== undefined)
    return {
      status: message.answered === false ? 'refused' : 'answered',
      text: message.content,
      citations: message.citations,
      sources: message.sources,
      model: message.model ?? undefined,
      error: undefined,
    };
  if (asked === undefined) return { ...NOTHING, status: 'stopped' };
  const { status, text, citations, sources, answer, error } = asked;
  return {
    status: status !== 'done' ? status : answer?.answered === false ? 'refused' : 'answered',
    text,
    citations,
    sources,
    model: answer?.model,
    error,
  };
}
