import type { Kysely } from 'kysely';
import type { Database, PageRow } from '../ports/schema.ts';
import type { Transaction } from '../ports/transaction.ts';

/** A part of a page is at most this long, in UTF-16 code units: checking one citation reads one or two parts. */
export const PART_UNITS = 32_768;

/** A page as it is stored. No part ends within a surrogate pair, which UTF-8 could not hold. */
export function* pageParts(page: number, text: string): Generator<Pick<PageRow, 'page' | 'start' | 'text'>> {
  // an empty page has a part too: it exists and can be asked for
  for (let start = 0; start === 0 || start < text.length; ) {
    let end = Math.min(text.length, start + PART_UNITS);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1;
    yield { page, start, text: text.slice(start, end) };
    if (end === 0) return;
    start = end;
  }
}

export async function insertPages(tx: Transaction, rows: readonly PageRow[]): Promise<void> {
  if (rows.length > 0) await tx.insertInto('pages').values(rows).execute();
}

/** A page's whole text; undefined when the revision has no such page. */
export async function readPage(
  db: Kysely<Database>,
  documentId: string,
  revision: number,
  page: number,
): Promise<string | undefined> {
  const parts = await db
    .selectFrom('pages')
    .select('text')
    .where('document_id', '=', documentId)
    .where('revision', '=', revision)
    .where('page', '=', page)
    .orderBy('start')
    .execute();
  return parts.length === 0 ? undefined : parts.map(({ text }) => text).join('');
}

/** `page text.slice(start, end)`, reading only the parts that it touches; undefined without such a page. */
export async function readSlice(
  db: Kysely<Database>,
  place: { documentId: string; revision: number; page: number; start: number; end: number },
): Promise<string | undefined> {
  const parts = await db
    .selectFrom('pages')
    .select(['start', 'text'])
    .where('document_id', '=', place.documentId)
    .where('revision', '=', place.revision)
    .where('page', '=', place.page)
    .where('start', '<', Math.max(place.end, 1))
    .where('start', '>', place.start - PART_UNITS)
    .orderBy('start')
    .execute();
  const first = parts[0];
  if (first === undefined) return undefined;
  const text = parts.map((part) => part.text).join('');
  return text.slice(Math.max(0, place.start - first.start), Math.max(0, place.end - first.start));
}

/** Removes up to `limit` parts; false when none is left. */
export async function deletePages(
  tx: Transaction,
  documentId: string,
  revision: number,
  limit: number,
): Promise<boolean> {
  const some = await tx
    .selectFrom('pages')
    .select(['page', 'start'])
    .where('document_id', '=', documentId)
    .where('revision', '=', revision)
    .orderBy('page')
    .orderBy('start')
    .limit(limit)
    .execute();
  const last = some.at(-1);
  if (last === undefined) return false;
  await tx
    .deleteFrom('pages')
    .where('document_id', '=', documentId)
    .where('revision', '=', revision)
    .where(({ eb, or, and }) =>
      or([eb('page', '<', last.page), and([eb('page', '=', last.page), eb('start', '<=', last.start)])]),
    )
    .execute();
  return true;
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00;
