import type { Kysely } from 'kysely';
import type { Answer, AnswerEvent } from '../../contract/query.ts';
import type { Database } from '../ports/schema.ts';
import type { SearchScope } from '../ports/search-scope.ts';
import { newId } from '../records/ids.ts';
import { ANSWER_PASSAGES } from './constants.ts';
import type { EmbedSentences } from './evidence.ts';
import { extractAnswer } from './extract-answer.ts';
import { asHit, degradedBy, type RetrievePorts } from './retrieve.ts';
import { retrieveBetter } from './retrieve-question.ts';

export interface AnswerPorts extends RetrievePorts {
  readonly db: Kysely<Database>;
  readonly embedSentences: EmbedSentences;
}

export interface Question {
  readonly query: string;
  /** Another reading of it, looked for as well. */
  readonly alternative?: string;
  /** Sources shown. */
  readonly limit: number;
  readonly scope: SearchScope;
  readonly languages: readonly string[];
  /** Who asks: those who wait for a model take turns. */
  readonly userId?: string;
}

export const EXTRACTIVE_MODEL = 'extractive';

/**
 * The way out: the question's passages, then their best sentences word for word, each with the citation that
 * was checked against its page; or the honest reply that nothing was found. No HTTP in it: every mouth of the
 * program speaks from these events.
 *
 * @returns sources, then the answer in tokens with its citations, then the whole as `done`.
 */
export async function* answer(
  ports: AnswerPorts,
  question: Question,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent> {
  const begun = performance.now();
  const most = Math.max(question.limit, ANSWER_PASSAGES);
  const retrieved = await retrieveBetter(ports, question, most, signal);
  const sources = retrieved.passages
    .slice(0, question.limit)
    .map((passage) => asHit(passage, retrieved.analysed));
  yield { type: 'sources', sources };

  const generating = performance.now();
  const { text, answered, citations, events } = await extractAnswer(ports, retrieved, signal);
  yield* events;
  const ended = performance.now();
  yield {
    type: 'done',
    answer: {
      id: newId(),
      answer: text,
      answered,
      citations: [...citations],
      sources,
      ...degradedBy(retrieved),
      model: EXTRACTIVE_MODEL,
      cached: false,
      usage: { promptTokens: 0, completionTokens: 0, costUsd: 0 },
      timings: { ...retrieved.timings, rerankMs: 0, generateMs: ended - generating, totalMs: ended - begun },
    } satisfies Answer,
  };
}
