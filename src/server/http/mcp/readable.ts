import { citationList, withoutImages } from '../citation-list.ts';
import type { DocumentLink } from '../document-link.ts';
import type { AskOutput, GetOutput, ListOutput, SearchOutput } from './shapes.ts';

/** The tools' results as text, for clients that show or read nothing else. */

const BY_WORDS = 'The embedding model is away: passages were found by their words alone.';

export function readableHits({ hits, degraded }: SearchOutput): string {
  const note = degraded === undefined ? '' : `${BY_WORDS}\n\n`;
  if (hits.length === 0) return `${note}Nothing was found.`;
  const passages = hits
    .map(
      ({ title, page, documentId, text, url }, index) =>
        `[${index + 1}] ${title}, page ${page} (document ${documentId})\n${url}\n${text}`,
    )
    .join('\n\n');
  return note + passages;
}

export const readableAnswer = (
  { answer, citations, degraded, fallback }: AskOutput,
  link: DocumentLink,
): string =>
  [
    withoutImages(answer) + citationList(citations, link),
    ...(degraded === undefined ? [] : [BY_WORDS]),
    ...(fallback === undefined
      ? []
      : ['No language model wrote this: these are sentences of the documents.']),
  ].join('\n\n');

export function readableDocuments({ documents, total, nextCursor, collections }: ListOutput): string {
  const names = collections.map(({ name, documentCount }) => `${name} (${documentCount})`).join(', ');
  const lines = documents.map(
    ({ id, title, filename, status, pages }) => `- ${title} (${filename}, ${pages} pages, ${status}): ${id}`,
  );
  return [
    `${documents.length} of ${total} documents. Collections: ${names}.`,
    ...lines,
    ...(nextCursor === null ? [] : [`Next page: cursor ${nextCursor}`]),
  ].join('\n');
}

export function readablePage({ document, page, start, end, pageChars, text, next }: GetOutput): string {
  const part = end - start < pageChars ? `, characters ${start} to ${end} of ${pageChars}` : '';
  const more = next === null ? '' : `\n\n(Read on at page ${next.page}, offset ${next.offset}.)`;
  return `${document.title}, page ${page} of ${document.pages}${part}\n\n${text}${more}`;
}
