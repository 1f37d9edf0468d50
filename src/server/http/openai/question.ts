import { createHash } from 'node:crypto';
import type { ChatMessage } from '../../../contract/openai.ts';
import { type QueryRequest, queryBody } from '../../../contract/query.ts';
import type { Exchange } from '../../answer/history.ts';
import { AppError } from '../../errors.ts';
import { withoutSources } from '../citation-list.ts';

/**
 * What a chat asks: its last message of the user. Instructions of the client (system messages) have no say in
 * what counts as an answer from the documents.
 *
 * @param collectionId what is searched; undefined: all that the caller may read.
 * @throws AppError VALIDATION when there is no question, or one that is no text or of a length that is not taken.
 */
export function questionOf(messages: readonly ChatMessage[], collectionId: string | undefined): QueryRequest {
  const last = messages.findLast(({ role }) => role === 'user');
  if (last === undefined) throw refused('There is no message of the user.');
  if (Array.isArray(last.content) && last.content.some(({ type }) => type !== 'text'))
    throw refused('The question must be text: images, sound and files in it are not read.');
  const asked = queryBody.safeParse({ query: textOf(last), collectionId });
  if (!asked.success)
    throw refused(`The last message of the user is the question: ${asked.error.issues[0]?.message}`);
  return asked.data;
}

/**
 * What was asked and answered before, oldest first: the messages of the user, each with the reply that follows it. An
 * exchange's id stands for all that was said up to it.
 */
export function historyOf(messages: readonly ChatMessage[]): Exchange[] {
  const said = createHash('sha256');
  const exchanges: Exchange[] = [];
  const latest = messages.findLastIndex(({ role }) => role === 'user');
  for (const [i, message] of messages.slice(0, latest).entries()) {
    const reply = messages[i + 1];
    if (message.role !== 'user' || reply?.role !== 'assistant') continue;
    const question = textOf(message);
    const answer = withoutSources(textOf(reply));
    const id = said
      .update(JSON.stringify([question, answer]))
      .copy()
      .digest('base64url');
    exchanges.push({ id, question, answer });
  }
  return exchanges;
}

const refused = (message: string): AppError =>
  new AppError('VALIDATION', message, { fields: [{ path: 'messages', message }] });

const textOf = ({ content }: ChatMessage): string =>
  typeof content === 'string'
    ? content
    : (content ?? []).map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join('\n');
