import type { Citation } from '../../contract/query.ts';
import type { DocumentLink } from './document-link.ts';

/**
 * The text with its Markdown images as plain text. Words of documents stand in answers, and many a client would
 * load a picture from wherever they say, and so tell somebody that and what was asked.
 */
export const withoutImages = (text: string): string => text.replaceAll('![', '!\\[');

/** Where a marker stands in an answer, and what it cites. */
export interface PlacedCitation {
  /** Offsets of `[n]` in the text, UTF-16. */
  readonly start: number;
  readonly end: number;
  readonly citation: Citation;
}

/** Every marker of `text` that has a citation, in order. Citations that share a marker go to its places in turn. */
export function placeCitations(text: string, citations: readonly Citation[]): PlacedCitation[] {
  const byMarker = Map.groupBy(citations, ({ marker }) => marker);
  return [...text.matchAll(/\[(\d{1,6})\]/g)].flatMap((match) => {
    const those = byMarker.get(Number(match[1]));
    const citation = those !== undefined && those.length > 1 ? those.shift() : those?.[0];
    return citation === undefined
      ? []
      : [{ start: match.index, end: match.index + match[0].length, citation }];
  });
}

/**
 * The sources under an answer, one line of Markdown a marker: `- [1] [Title, page 3](address)`; empty without
 * citations. Titles come with documents, so nothing in them makes a link or a picture of its own.
 */
export function citationList(citations: readonly Citation[], link: DocumentLink): string {
  const lines = [...Map.groupBy(citations, ({ marker }) => marker)]
    .sort(([a], [b]) => a - b)
    .map(([marker, those]) => {
      const first = those[0] as Citation;
      const doubt = those.some(({ supported }) => supported) ? '' : ' (does not confirm the sentence)';
      return `- [${marker}] [${asPlain(first.title)}, page ${first.page}](${link(first)})${doubt}`;
    });
  return lines.length === 0 ? '' : `${SOURCES}${lines.join('\n')}`;
}

const SOURCES = '\n\nSources:\n\n';

/** An answer as it was before `citationList` was added to it. */
export function withoutSources(text: string): string {
  const at = text.lastIndexOf(`${SOURCES}- [`);
  return at === -1 ? text : text.slice(0, at);
}

/** Longer titles are cut: the link tells the rest. */
const MAX_TITLE_CHARS = 120;

/** One line without any meaning to Markdown or HTML. */
function asPlain(title: string): string {
  const line = title.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
  const cut = line.length > MAX_TITLE_CHARS ? `${[...line].slice(0, MAX_TITLE_CHARS).join('')}…` : line;
  return cut.replaceAll(/[\\`*_~[\]()<>!&|#]/g, '\\$&');
}
