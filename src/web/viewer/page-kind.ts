import type { PageKind } from '../text/en/viewer.ts';

const SLIDES = /presentation|powerpoint/;
const SHEETS = /spreadsheet|excel|csv/;

/** What the format calls its pages. */
export function pageKindOf(mimeType: string): PageKind {
  if (SLIDES.test(mimeType)) return 'slide';
  if (SHEETS.test(mimeType)) return 'sheet';
  return mimeType.includes('epub') ? 'chapter' : 'page';
}
