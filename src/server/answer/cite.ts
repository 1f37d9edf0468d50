import type { Kysely } from 'kysely';
import type { Citation } from '../../contract/query.ts';
import type { Database } from '../ports/schema.ts';
import { chunkId } from '../records/chunk-id.ts';
import { readSlice } from '../records/pages.ts';
import type { Sentence } from './evidence.ts';

/**
 * The citation of a sentence, checked against the page itself: the quote is what stands there now.
 * @returns undefined when the page says something else, or is gone: then the sentence must not be used.
 */
export async function citeSentence(
  db: Kysely<Database>,
  marker: number,
  { passage, span, text }: Sentence,
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
  if (slice !== text) return undefined;
  return {
    marker,
    documentId: passage.documentId,
    chunkId: chunkId(passage.documentId, passage.key),
    title: passage.title,
    page: passage.page,
    start,
    end,
    quote: slice,
    supported: true,
  };
}
