import type { Kysely } from 'kysely';
import type { Citation } from '../../contract/query.ts';
import type { Database } from '../ports/schema.ts';
import { chunkId } from '../records/chunk-id.ts';
import type { FoundChunk } from '../records/hits.ts';
import { readSlice } from '../records/pages.ts';
import type { Span } from '../text/sentences.ts';

/**
 * The citation of a place of a passage, checked against the page itself: the quote is what stands there now.
 * @param span within the passage's text.
 * @returns undefined when the page says something else, or is gone: then nothing must rest on it.
 */
export async function citeSpan(
  db: Kysely<Database>,
  marker: number,
  passage: FoundChunk,
  span: Span,
  supported: boolean,
): Promise<Citation | undefined> {
  const start = passage.start + span.start;
  const end = passage.start + span.end;
  const slice = await readSlice(db, {
    documentId: passage.documentId,
    revision: passage.revision,
    page: passage.page,
    start,
    end,
  });
  if (slice !== passage.text.slice(span.start, span.end)) return undefined;
  return {
    marker,
    documentId: passage.documentId,
    chunkId: chunkId(passage.documentId, passage.key),
    title: passage.title,
    page: passage.page,
    start,
    end,
    quote: slice,
    supported,
  };
}
