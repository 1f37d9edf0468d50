import type { Message } from '../../../contract/conversations.ts';
import type { Exchange } from './exchanges.ts';

/** A question and its answer: kept by the server, asked in this tab, or both. */
export interface Turn {
  readonly key: string;
  readonly question: Message | undefined;
  readonly answer: Message | undefined;
  readonly asked: Exchange | undefined;
}

/**
 * A conversation from top to bottom. What was asked in this tab stands after the message that it followed; once the
 * server has kept it, both are one turn under the same key, so that nothing jumps.
 */
export function threadOf(messages: readonly Message[], asked: readonly Exchange[]): Turn[] {
  const turns: Turn[] = [];
  const open = new Set(asked);
  const unkept = (after: string | null) => {
    for (const exchange of asked)
      if (exchange.after === after && open.delete(exchange))
        turns.push({ key: exchange.key, question: undefined, answer: undefined, asked: exchange });
  };
  let after: string | null = null;
  for (let i = 0; i < messages.length; ) {
    const first = messages[i] as Message;
    const question = first.role === 'user' ? first : undefined;
    const next = messages[question === undefined ? i : i + 1];
    const answer = next?.role === 'assistant' ? next : undefined;
    const candidates = asked.filter(
      (exchange) =>
        open.has(exchange) && exchange.after === after && exchange.question.trim() === question?.content,
    );
    const own = candidates.find(({ status }) => status === 'done') ?? candidates[0];
    if (own !== undefined) open.delete(own);
    unkept(after);
    turns.push({ key: own?.key ?? first.id, question, answer, asked: own });
    i += (question === undefined ? 0 : 1) + (answer === undefined ? 0 : 1);
    after = (answer ?? question ?? first).id;
  }
  unkept(after);
  // what followed a message that is gone
  for (const exchange of open)
    turns.push({ key: exchange.key, question: undefined, answer: undefined, asked: exchange });
  return turns;
}
