import { type Span, sentenceSpans } from '../text/sentences.ts';

/** So long is no sentence: a line of data, or text without stops. */
const LONGEST = 1200;
const QUESTION = /[?？؟;՞፧]["'”’»)\]]*$/u;

/**
 * What a passage states, sentence by sentence: a heading states nothing, and a question only together with the
 * sentence behind it, as lists of questions and answers do.
 *
 * @param headings that the passage stands under, the document's title among them.
 */
export function statementSpans(text: string, headings: readonly string[]): Span[] {
  const known = new Set(headings.map(bare));
  const spans: Span[] = [];
  let question: Span | undefined;
  for (const span of sentenceSpans(text)) {
    if (QUESTION.test(text.slice(span.start, span.end))) {
      question = span;
      continue;
    }
    // the whole line: a numbered heading reads as two sentences
    if (known.has(bare(lineAround(text, span)))) continue;
    const start = question?.start ?? span.start;
    question = undefined;
    if (span.end - start <= LONGEST) spans.push({ start, end: span.end });
  }
  return spans;
}

function lineAround(text: string, { start, end }: Span): string {
  const next = text.indexOf('\n', end);
  return text.slice(text.lastIndexOf('\n', start) + 1, next === -1 ? text.length : next);
}

/** Without a heading's marks and number. */
const bare = (line: string): string =>
  line
    .replace(/^[#\s]*(?:\d+(?:\.\d+)*[.)]?\s+)?|[\s#]+$/gu, '')
    .replace(/\s+/gu, ' ')
    .toLowerCase();
