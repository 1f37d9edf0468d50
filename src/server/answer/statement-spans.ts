import { type Span, sentenceSpans } from '../text/sentences.ts';
import { tablesIn } from './table-rows.ts';

export interface Statement extends Span {
  /** The column names above a table's row; empty for running text. */
  readonly columns: string;
}

/** So long is no sentence: a line of data, or text without stops. */
const LONGEST = 1200;
/** What a heading's marks, number and spaces may add to its length. */
const NUMBERING = 60;
const QUESTION = /[?？؟;՞፧]["'”’»)\]]*$/u;

/**
 * What a passage states, sentence by sentence: a heading states nothing, nor do the names of columns, and a
 * question only together with the sentence behind it, as lists of questions and answers do.
 *
 * @param headings that the passage stands under, the document's title among them.
 * @param tableHeader of the table that the passage begins in the middle of.
 */
export function statementSpans(
  text: string,
  headings: readonly string[],
  tableHeader?: string | null,
): Statement[] {
  const known = new Set(headings.map(bare));
  const longest = Math.max(0, ...headings.map(({ length }) => length)) + NUMBERING;
  const isHeading = (line: string) => line.length <= longest && known.has(bare(line));
  const tables = tablesIn(text);
  const statements: Statement[] = [];
  let question: Span | undefined;
  for (const span of sentenceSpans(text)) {
    if (QUESTION.test(text.slice(span.start, span.end))) {
      question = span;
      continue;
    }
    // the whole line: a numbered heading reads as two sentences
    if (isHeading(lineAround(text, span))) continue;
    const table = tables.find(({ rows }) => span.start >= rows.start && span.end <= rows.end);
    const header = table?.header;
    if (header !== undefined && span.start >= header.start && span.end <= header.end) continue;
    const start = question?.start ?? span.start;
    question = undefined;
    if (span.end - start > LONGEST) continue;
    const columns =
      header !== undefined
        ? text.slice(header.start, header.end)
        : table && begins(text, table)
          ? (tableHeader ?? '')
          : '';
    statements.push({ start, end: span.end, columns });
  }
  return statements;
}

const begins = (text: string, { rows }: { readonly rows: Span }): boolean =>
  text.slice(0, rows.start).trim() === '';

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
