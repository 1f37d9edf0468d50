import type { AnswerPorts, Question } from './answer.ts';
import { ANSWER_PASSAGES } from './constants.ts';
import { weighSentences } from './evidence.ts';
import { answerability } from './gate.ts';
import { type Retrieved, retrieve } from './retrieve.ts';

/** The passages for the question; for one of two readings, those of the reading that they answer better. */
export async function retrieveBetter(
  ports: AnswerPorts,
  question: Question,
  limit: number,
  signal: AbortSignal,
): Promise<Retrieved> {
  const [first, second] = await retrieveReadings(ports, question, limit, signal);
  if (second === undefined) return first;
  const [a, b] = [await likelihood(ports, first, signal), await likelihood(ports, second, signal)];
  return b > a ? second : first;
}

/** The passages for the question; of two readings, the best of either in turns. */
export async function retrieveAll(
  ports: AnswerPorts,
  question: Question,
  limit: number,
  signal: AbortSignal,
): Promise<Retrieved> {
  const [first, second] = await retrieveReadings(ports, question, limit, signal);
  if (second === undefined) return first;
  const inTurns = first.passages.flatMap((passage, i) => [passage, second.passages[i] ?? passage]);
  const rest = second.passages.slice(first.passages.length);
  const passages = new Map([...inTurns, ...rest].reverse().map((passage) => [passage.key, passage]));
  return { ...first, passages: [...passages.values()].reverse().slice(0, limit) };
}

async function retrieveReadings(
  ports: AnswerPorts,
  { query, alternative, scope, languages }: Question,
  limit: number,
  signal: AbortSignal,
): Promise<[Retrieved, Retrieved?]> {
  const find = (text: string) =>
    retrieve(ports, { query: text, limit, mode: 'hybrid', scope, languages }, signal);
  if (alternative === undefined) return [await find(query)];
  return await Promise.all([find(query), find(alternative)]);
}

async function likelihood(ports: AnswerPorts, retrieved: Retrieved, signal: AbortSignal): Promise<number> {
  const evidence = await weighSentences(retrieved, ANSWER_PASSAGES, ports.embedSentences, signal);
  return evidence.sentences.length === 0 ? 0 : answerability(evidence);
}
