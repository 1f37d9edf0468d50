/** What a format calls its pages. */
type PageKind = 'page' | 'slide' | 'sheet' | 'chapter';
const NAMES: Record<PageKind, string> = { page: 'Page', slide: 'Slide', sheet: 'Sheet', chapter: 'Chapter' };

export const viewer = {
  page: (kind: PageKind, n: string) => `${NAMES[kind]} ${n}`,
  pageField: (kind: PageKind) => NAMES[kind],
  ofPages: (n: string) => `of ${n}`,
  previous: (kind: PageKind) => `Previous ${kind}`,
  next: (kind: PageKind) => `Next ${kind}`,
  zoomIn: 'Larger',
  zoomOut: 'Smaller',
  fit: 'Fit',
  fitWidth: 'Fit width',
  views: 'What to show',
  original: 'Original',
  text: 'Text',
  both: 'Side by side',
  toolbar: 'Pages and size',
  originalOf: (title: string) => `Original of ${title}`,
  textOf: (title: string) => `Text of ${title}`,
  loadingOriginal: 'Loading the original',
  loadingShare: (percent: string) => `Loading the original · ${percent}`,
  originalFaultHint: 'Its text is still there to read.',
  showText: 'Show the text',
  notMarked:
    'This passage could not be found in the original’s layout. Here it is in the text that was read from it.',
  pageFault: 'This page could not be drawn',
  textFault: 'The text of this page could not be loaded',
  emptyPage: 'There is no text on this page.',
  noPages: 'There is no text to show yet',
  noPagesHint: 'It appears here once the document has been read.',
  table: 'Table',
};
export type { PageKind };
