import type { DocumentWriter } from './document-writer.ts';

/**
 * Collects the blocks of a format whose text comes as nested elements: runs of text flow into the current
 * block, and what they end up as is decided when that ends. Lists and tables are written whole. A table that
 * only lays out a page is written as the blocks in its cells; a table inside a table's cell is text of it.
 */
export class RichText {
  readonly #out: DocumentWriter;
  #text: string[] = [];
  #items: { text: string; depth: number }[] = [];
  readonly #tables: Table[] = [];

  constructor(out: DocumentWriter) {
    this.#out = out;
  }

  get inTable(): boolean {
    return this.#tables.length > 0;
  }

  /** Nothing but blanks since the last block. */
  get isBlank(): boolean {
    return this.#text.every((part) => part.trim() === '');
  }

  text(text: string): void {
    this.#text.push(text);
  }

  /** Ends the line inside the block, unless it has just begun. */
  newLine(): void {
    const last = this.#text.at(-1);
    if (last !== undefined && !last.endsWith('\n')) this.#text.push('\n');
  }

  /** What has been collected since the last block, taken away. */
  take(): string {
    const text = this.#text.join('');
    this.#text = [];
    return text;
  }

  endParagraph(): void {
    this.#end((text) => ({ kind: 'paragraph', text }));
  }

  endHeading(level: number): void {
    this.#end((text) => ({ kind: 'heading', text, level }));
  }

  endCode(): void {
    this.#end((text) => ({ kind: 'code', text }));
  }

  /** @param marker `- ` or a number with its dot. */
  endItem(marker: string, depth: number): void {
    this.#end((text) => ({ kind: 'item', text: text.trim(), marker, depth }));
  }

  openTable(): void {
    this.endParagraph();
    this.#tables.push(new Table());
  }

  openRow(): void {
    this.closeRow();
    this.#tables.at(-1)?.openRow();
  }

  /** @param header a row whose cells are all headers is one of its own accord. */
  closeRow(header = false): void {
    this.closeCell();
    this.#tables.at(-1)?.closeRow(header);
  }

  openCell(): void {
    this.closeCell();
    this.endParagraph();
    this.#tables.at(-1)?.openCell();
  }

  /** @param columns and rows that the cell reaches over, where no cells stand for the others. */
  closeCell(columns = 1, rows = 1, header = false): void {
    const table = this.#tables.at(-1);
    if (table?.cell === undefined) return;
    this.endParagraph();
    table.closeCell(columns, rows, header);
  }

  closeTable(): void {
    this.closeRow();
    // a caption below the cells
    this.endParagraph();
    const table = this.#tables.pop();
    if (table === undefined) return;
    const blocks = this.#tables.length < MAX_NESTED ? table.blocks() : [table.asOne()];
    for (const block of blocks) this.#put(block);
  }

  /** Writes out what is open: at the end, and before a page begins. */
  finish(): void {
    while (this.inTable) this.closeTable();
    this.endParagraph();
    this.#writeList();
  }

  #end(block: (text: string) => Block): void {
    if (this.isBlank) this.#text = [];
    else this.#put(block(this.take()));
  }

  /** Into the cell that is open, else onto the page: a table's caption is in none of its cells. */
  #put(block: Block): void {
    const cell = this.#tables.findLast((table) => table.cell !== undefined)?.cell;
    if (cell !== undefined) cell.push(block);
    else if (block.kind === 'item') this.#items.push({ text: block.marker + block.text, depth: block.depth });
    else {
      this.#writeList();
      if (block.kind === 'heading') this.#out.heading(block.text, block.level);
      else if (block.kind === 'table') this.#out.table(block.rows, block.headerRows);
      else this.#out[block.kind](block.text);
    }
  }

  #writeList(): void {
    if (this.#items.length > 0) this.#out.list(this.#items);
    this.#items = [];
  }
}

type Block =
  | { readonly kind: 'paragraph' | 'code'; readonly text: string }
  | { readonly kind: 'heading'; readonly text: string; readonly level: number }
  | { readonly kind: 'item'; readonly text: string; readonly marker: string; readonly depth: number }
  | { readonly kind: 'table'; readonly rows: readonly string[][]; readonly headerRows: number };

interface Row {
  readonly cells: Block[][];
  /** Every cell with text is a header. */
  isHeader: boolean;
}

/** Pages that are laid out by tables nest some ten; deeper ones are taken as tables, whose blocks move once. */
const MAX_NESTED = 20;

/** A page lays out at most this many columns; beyond it what cells reach over is not followed. */
const MAX_SPANNED = 50;

class Table {
  /** The blocks of the cell that is open. */
  cell: Block[] | undefined;
  readonly #rows: Row[] = [];
  #row: Row | undefined;
  /** By column: rows that a cell from above still reaches over. */
  readonly #covered: number[] = [];

  openRow(): void {
    this.#row = { cells: [], isHeader: true };
  }

  closeRow(header: boolean): void {
    const row = this.#row;
    if (row === undefined) return;
    for (let column = row.cells.length; column < this.#covered.length; column++) {
      if ((this.#covered[column] ?? 0) > 0) {
        while (row.cells.length < column) row.cells.push([]);
        this.#skipCovered(row);
      }
    }
    this.#rows.push({ cells: row.cells, isHeader: header || (row.isHeader && row.cells.length > 0) });
    this.#row = undefined;
  }

  openCell(): void {
    this.#row ??= { cells: [], isHeader: true };
    this.cell = [];
  }

  closeCell(columns: number, rows: number, header: boolean): void {
    const row = this.#row;
    if (row === undefined || this.cell === undefined) return;
    this.#skipCovered(row);
    if (!header && this.cell.length > 0) row.isHeader = false;
    for (let i = 0; i < Math.min(Math.max(1, columns), MAX_SPANNED); i++) {
      const column = row.cells.push(i === 0 ? this.cell : []) - 1;
      if (rows > 1 && column < MAX_SPANNED) this.#covered[column] = rows - 1;
    }
    this.cell = undefined;
  }

  /** What the table is when it ends: one table, or the blocks of the page that it lays out. */
  blocks(): readonly Block[] {
    const rows = withoutEmpty(this.#rows);
    return isLayout(rows) ? rows.flatMap(({ cells }) => cells.flat()) : [this.asOne(rows)];
  }

  asOne(rows = withoutEmpty(this.#rows)): Block {
    return {
      kind: 'table',
      rows: rows.map(({ cells }) => cells.map((blocks) => blocks.map(cellText).join(' '))),
      headerRows: Math.max(
        0,
        rows.findIndex(({ isHeader }) => !isHeader),
      ),
    };
  }

  #skipCovered(row: Row): void {
    for (let column = row.cells.length; (this.#covered[column] ?? 0) > 0; column++) {
      this.#covered[column]!--;
      row.cells.push([]);
    }
  }
}

/** Without rows that are empty and columns that only keep a distance. */
function withoutEmpty(rows: readonly Row[]): Row[] {
  const used: boolean[] = [];
  for (const { cells } of rows) for (const [i, cell] of cells.entries()) used[i] ||= cell.length > 0;
  return rows
    .filter(({ cells }) => cells.some((cell) => cell.length > 0))
    .map(({ cells, isHeader }) => ({ cells: cells.filter((_, i) => used[i]), isHeader }));
}

/**
 * One column is a frame around text. One row whose cells hold several blocks each is a page in columns, and a
 * heading above other text is a part of a page, wherever it stands.
 */
function isLayout(rows: readonly Row[]): boolean {
  const inOneRow = rows.length === 1;
  const isPart = (blocks: readonly Block[]) =>
    blocks.length > 1 && (inOneRow || blocks[0]?.kind === 'heading');
  return rows.every((row) => row.cells.length <= 1) || rows.some((row) => row.cells.some(isPart));
}

const cellText = (block: Block): string =>
  block.kind === 'table'
    ? block.rows.map((row) => row.filter((cell) => cell !== '').join(' | ')).join('; ')
    : block.text.trim();
