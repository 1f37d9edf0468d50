import type { Kysely } from 'kysely';
import type { AnswerEvent, Citation } from '../../contract/query.ts';
import type { Database } from '../ports/schema.ts';
import { citeSpan } from './cite.ts';
import { ANSWER_PASSAGES } from './constants.ts';
import { type EmbedSentences, weighSentences } from './evidence.ts';
import { chooseSentences, NOT_FOUND } from './extract.ts';
import { isAnswerable } from './gate.ts';
import type { Retrieved } from './retrieve.ts';

/** The best sentences word for word, or the honest reply that nothing was found. */
export interface Extract {
  readonly text: string;
  readonly answered: boolean;
  readonly citations: readonly Citation[];
  /** The same as it is streamed: each statement with its citation. */
  readonly events: readonly AnswerEvent[];
}

export async function extractAnswer(
  { db, embedSentences }: { readonly db: Kysely<Database>; readonly embedSentences: EmbedSentences },
  retrieved: Retrieved,
  signal: AbortSignal,
): Promise<Extract> {
  const evidence = await weighSentences(retrieved, ANSWER_PASSAGES, embedSentences, signal);
  const events: AnswerEvent[] = [];
  const citations: Citation[] = [];
  let text = '';
  for (const { passage, span, text: sentence } of isAnswerable(evidence) ? chooseSentences(evidence) : []) {
    const citation = await citeSpan(db, citations.length + 1, passage, span, true);
    if (citation === undefined) continue;
    const token = `${text === '' ? '' : ' '}${plain(sentence)} [${citation.marker}]`;
    text += token;
    citations.push(citation);
    events.push({ type: 'token', text: token }, { type: 'citation', citation });
  }
  if (citations.length > 0) return { text, answered: true, citations, events };
  return { text: NOT_FOUND, answered: false, citations, events: [{ type: 'token', text: NOT_FOUND }] };
}

/** On one line, and with no bracketed number of its own that would read as a citation's marker. */
const plain = (text: string): string => text.replace(/\s+/g, ' ').replace(/\[(\d+)\]/g, '($1)');
