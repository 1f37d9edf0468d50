import type { DocumentWriter } from './document-writer.ts';

/**
 * Collects the blocks of a format whose text comes as nested elements: runs of text flow into the current
 * paragraph, list item or table cell, and what they end up as is decided when that ends. Lists and tables
 * are written whole; a table inside a table flows into the cell around it.
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

  text(text: string): void {
    this.#text.push(text);
  }

  /** What has been collected since the last block, taken away. */
  take(): string {
    const text = this.#text.join('');
    this.#text = [];
    return text;
  }

  endParagraph(): void {
    this.#block(() => this.#out.paragraph(this.take()));
  }

  endHeading(level: number): void {
    this.#block(() => this.#out.heading(this.take(), level));
  }

  endCode(): void {
    this.#block(() => this.#out.code(this.take()));
  }

  /** @param marker `- ` or a number with its dot. */
  endItem(marker: string, depth: number): void {
    if (this.inTable) {
      this.endParagraph();
      return;
    }
    const text = this.take();
    if (text.trim() !== '') this.#items.push({ text: marker + text.trim(), depth });
  }

  openTable(): void {
    if (this.inTable) this.#flowIntoCell();
    else this.#flush();
    this.#tables.push({ rows: [], row: undefined, cell: undefined, headerRows: 0 });
  }

  openRow(): void {
    const table = this.#tables.at(-1);
    if (table === undefined) return;
    this.closeRow();
    table.row = [];
  }

  closeRow(header = false): void {
    const table = this.#tables.at(-1);
    if (table?.row === undefined) return;
    this.closeCell();
    if (header && table.headerRows === table.rows.length) table.headerRows++;
    table.rows.push(table.row);
    table.row = undefined;
  }

  openCell(): void {
    const table = this.#tables.at(-1);
    if (table === undefined) return;
    this.closeCell();
    table.row ??= [];
    this.#dropLooseText();
    table.cell = [];
  }

  /** @param span columns that the cell reaches over. */
  closeCell(span = 1): void {
    const table = this.#tables.at(-1);
    if (table?.cell === undefined || table.row === undefined) return;
    this.#flowIntoCell();
    table.row.push(table.cell.join(' '));
    for (let i = 1; i < Math.min(span, 50); i++) table.row.push('');
    table.cell = undefined;
  }

  closeTable(): void {
    const table = this.#tables.at(-1);
    if (table === undefined) return;
    this.closeRow();
    this.#tables.pop();
    const outer = this.#tables.at(-1);
    const rows = withoutEmptyColumns(table.rows);
    if (outer !== undefined) {
      const text = rows.map((row) => row.filter((cell) => cell !== '').join(' | ')).join('; ');
      outer.cell?.push(text);
    } else if (rows.length > 0 && Math.max(...rows.map((row) => row.length)) === 1) {
      // one column is a frame around text, not a table
      for (const [cell] of rows) this.#out.paragraph(cell ?? '');
    } else this.#out.table(rows, table.headerRows);
  }

  /** Writes out what is open: at the end, and before a page begins. */
  finish(): void {
    while (this.inTable) this.closeTable();
    this.endParagraph();
    this.#flush();
  }

  #block(write: () => void): void {
    if (this.inTable) {
      this.#flowIntoCell();
      return;
    }
    if (this.#text.length === 0) return;
    if (this.#text.every((part) => part.trim() === '')) {
      this.#text = [];
      return;
    }
    this.#flush();
    write();
  }

  #flowIntoCell(): void {
    const text = this.take().trim();
    const table = this.#tables.at(-1);
    // text in a table but in none of its cells, such as a caption, comes before it
    if (text !== '' && table?.cell === undefined && this.#tables.length === 1) this.#out.paragraph(text);
    else if (text !== '') this.#tables.findLast((open) => open.cell !== undefined)?.cell?.push(text);
  }

  #dropLooseText(): void {
    if (this.#text.length > 0) this.#flowIntoCell();
  }

  #flush(): void {
    if (this.#items.length === 0) return;
    this.#out.list(this.#items);
    this.#items = [];
  }
}

interface Table {
  readonly rows: string[][];
  row: string[] | undefined;
  cell: string[] | undefined;
  headerRows: number;
}

/** Columns that only keep a distance hold nothing in any row. */
function withoutEmptyColumns(rows: readonly string[][]): string[][] {
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), 0);
  const used: boolean[] = new Array(width).fill(false);
  for (const row of rows) for (const [i, cell] of row.entries()) if (cell.trim() !== '') used[i] = true;
  return rows
    .map((row) => row.filter((_, i) => used[i]))
    .filter((row) => row.some((cell) => cell.trim() !== ''));
}
