import { createHash } from 'node:crypto';
import { cutWithin } from '../text/estimate-tokens.ts';
import type { Chunk } from './chunk.ts';
import { CHUNKER_VERSION } from './chunk.ts';

/** What an index takes of a chunk. */
export type Passage = Pick<Chunk, 'headingPath' | 'tableHeader' | 'text'>;

/** The same of a chunk as it is stored. */
export const passageOf = (row: {
  readonly heading_path: string;
  readonly table_header: string | null;
  readonly text: string;
}): Passage => ({
  headingPath: JSON.parse(row.heading_path) as string[],
  tableHeader: row.table_header,
  text: row.text,
});

// the context's share of the 256 tokens that the bundled model reads, beside a full chunk
const TITLE_TOKENS = 20;
const HEADING_TOKENS = 12;
/** The innermost headings tell most about a passage. */
const HEADINGS = 2;

/**
 * The text whose vector stands for a passage: where it stands in front, then the passage itself.
 * @param title the document's, when its revision was begun.
 */
export function embeddedText(title: string, passage: Passage): string {
  const [first, ...rest] = contextLines(title, passage);
  const headings = rest.slice(-HEADINGS).map((heading) => shortened(heading, HEADING_TOKENS));
  const context = [...(first === undefined ? [] : [shortened(first, TITLE_TOKENS)]), ...headings];
  return [context.join(' › '), passage.tableHeader ?? '', passage.text]
    .filter((line) => line !== '')
    .join('\n');
}

/** The text whose words find a passage: as above, unabridged. */
export const keywordText = (title: string, passage: Passage): string =>
  [...contextLines(title, passage), passage.tableHeader ?? '', passage.text].join('\n');

/** Title and headings that the passage's own text does not begin with, each once. */
function contextLines(title: string, { headingPath, text }: Passage): string[] {
  const lines = title === headingPath[0] ? [...headingPath] : [title, ...headingPath];
  if (lines.length > 0 && text.startsWith(lines.at(-1) as string)) lines.pop();
  return lines.filter((line) => line.trim() !== '');
}

const shortened = (line: string, maxTokens: number): string =>
  line.slice(0, cutWithin(line, 0, line.length, maxTokens)).trimEnd();

/** Stands in front of what is hashed, so that hashes which earlier releases stored stay true. */
const HASHED_FIRST = 'bundled/minilm-l6-v2/pc7-1/384/mean/l2';

/** SHA-256, hex: equal for texts that get the same vector, by whatever model. */
export const textHash = (embedded: string): string =>
  createHash('sha256').update(`${HASHED_FIRST}\0${CHUNKER_VERSION}\0${embedded}`).digest('hex');
