/** Offsets into a page's text. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}
/** A paragraph, an item of a list, or rows of a table, as they stand in extracted text. */
export type Block =
  | (Slice & { readonly kind: 'paragraph' })
  | (Slice & { readonly kind: 'item' })
  | (Slice & { readonly kind: 'table'; readonly rows: readonly (readonly Slice[])[] });

const SEPARATOR = ' | ';
const ITEM = /^\s*(?:[-•*‣–]|\d{1,3}[.)])\s/;

/** Blocks are set apart by blank lines; within one, lines that start like items or hold cells are blocks of their own. */
export function textBlocks(text: string): Block[] {
  const blocks: Block[] = [];
  let open: Block | undefined;
  const close = () => {
    if (open === undefined) return;
    // a single line with a bar in it is a sentence, not a table
    blocks.push(
      open.kind === 'table' && open.rows.length === 1 && (open.rows[0]?.length ?? 0) < 3
        ? { kind: 'paragraph', start: open.start, end: open.end }
        : open,
    );
    open = undefined;
  };
  for (const { start, end } of lines(text)) {
    const line = text.slice(start, end);
    if (line.trim() === '') close();
    else if (line.includes(SEPARATOR)) {
      const row = cells(line, start);
      if (open?.kind === 'table') open = { ...open, end, rows: [...open.rows, row] };
      else {
        close();
        open = { kind: 'table', start, end, rows: [row] };
      }
    } else if (ITEM.test(line)) {
      close();
      open = { kind: 'item', start, end };
    } else if (open === undefined || open.kind === 'table') {
      close();
      open = { kind: 'paragraph', start, end };
    } else open = { ...open, end };
  }
  close();
  return blocks;
}

function* lines(text: string): Generator<Slice> {
  let start = 0;
  while (start < text.length) {
    const feed = text.indexOf('\n', start);
    const end = feed === -1 ? text.length : feed;
    yield { start, end };
    start = end + 1;
  }
}

function cells(line: string, offset: number): Slice[] {
  const row: Slice[] = [];
  let start = 0;
  for (;;) {
    const bar = line.indexOf(SEPARATOR, start);
    const end = bar === -1 ? line.length : bar;
    row.push({ start: offset + start, end: offset + end });
    if (bar === -1) return row;
    start = bar + SEPARATOR.length;
  }
}

/** A slice cut where a span begins and ends in it. */
export function cutAt(slice: Slice, span: Slice | undefined): (Slice & { readonly marked: boolean })[] {
  const start = Math.min(slice.end, Math.max(slice.start, span?.start ?? slice.end));
  const end = Math.min(slice.end, Math.max(start, span?.end ?? slice.end));
  return [
    { start: slice.start, end: start, marked: false },
    { start, end, marked: true },
    { start: end, end: slice.end, marked: false },
  ].filter((piece) => piece.end > piece.start);
}
