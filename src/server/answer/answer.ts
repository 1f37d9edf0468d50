import type { Kysely } from 'kysely';
import type { Answer, AnswerEvent, Citation } from '../../contract/query.ts';
import type { Database } from '../ports/schema.ts';
import type { SearchScope } from '../ports/search-scope.ts';
import { newId } from '../records/ids.ts';
import { citeSentence } from './cite.ts';
import { ANSWER_PASSAGES } from './constants.ts';
import { type EmbedSentences, type Evidence, weighSentences } from './evidence.ts';
import { chooseSentences, NOT_FOUND } from './extract.ts';
import { isAnswerable } from './gate.ts';
import { asHit, type RetrievePorts, retrieve } from './retrieve.ts';

export interface AnswerPorts extends RetrievePorts {
  readonly db: Kysely<Database>;
  readonly embedSentences: EmbedSentences;
}

export interface Question {
  readonly query: string;
  /** Sources shown. */
  readonly limit: number;
  readonly scope: SearchScope;
  readonly languages: readonly string[];
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
  const retrieved = await retrieve(
    ports,
    { ...question, limit: Math.max(question.limit, ANSWER_PASSAGES), mode: 'hybrid' },
    signal,
  );
  const sources = retrieved.passages
    .slice(0, question.limit)
    .map((passage) => asHit(passage, retrieved.analysed));
  yield { type: 'sources', sources };

  const generating = performance.now();
  const evidence = await weighSentences(retrieved, ANSWER_PASSAGES, ports.embedSentences, signal);
  const statements = isAnswerable(evidence) ? await citedSentences(ports.db, evidence) : [];
  let text = '';
  for (const [i, { sentence, citation }] of statements.entries()) {
    const token = `${i === 0 ? '' : ' '}${sentence} [${citation.marker}]`;
    text += token;
    yield { type: 'token', text: token };
    yield { type: 'citation', citation };
  }
  if (statements.length === 0) {
    text = NOT_FOUND;
    yield { type: 'token', text };
  }
  const ended = performance.now();
  yield {
    type: 'done',
    answer: {
      id: newId(),
      answer: text,
      answered: statements.length > 0,
      citations: statements.map(({ citation }) => citation),
      sources,
      model: EXTRACTIVE_MODEL,
      cached: false,
      usage: { promptTokens: 0, completionTokens: 0, costUsd: 0 },
      timings: { ...retrieved.timings, rerankMs: 0, generateMs: ended - generating, totalMs: ended - begun },
    } satisfies Answer,
  };
}

async function citedSentences(
  db: Kysely<Database>,
  evidence: Evidence,
): Promise<{ sentence: string; citation: Citation }[]> {
  const statements: { sentence: string; citation: Citation }[] = [];
  for (const sentence of chooseSentences(evidence)) {
    const citation = await citeSentence(db, statements.length + 1, sentence);
    if (citation !== undefined) statements.push({ sentence: plain(sentence.text), citation });
  }
  return statements;
}

/** On one line, and with no bracketed number of its own that would read as a citation's marker. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').replace(/\[(\d+)\]/g, '($1)');
