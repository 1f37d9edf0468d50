import type { DocumentWriter } from './document-writer.ts';
import { titleIn } from './office-package.ts';
import { RichText } from './rich-text.ts';
import { writeSheet } from './sheet-values.ts';
import { attribute, readXml, type XmlHandler } from './xml.ts';
import type { ZipArchive } from './zip.ts';

/**
 * OpenDocument 1.3 text, sheets and slides. Pages are the soft page breaks that the word processor noted, the
 * sheets, the slides. Deleted text (tracked changes) and comments are left out; notes stand where they are
 * referred to.
 */
export async function readOpenDocument(zip: ZipArchive, format: string, out: DocumentWriter): Promise<void> {
  const content = new Content(out, format === 'ods');
  if (format === 'odt') out.newPage();
  await readXml(zip.stream('content.xml'), content);
  content.finish();
  out.title = await titleIn(zip, 'meta.xml');
}

const SKIPPED = new Set([
  'tracked-changes',
  'annotation',
  'note-citation',
  'scripts',
  'automatic-styles',
  'font-face-decls',
  'forms',
  'ruby-text',
  'date-time-decl',
  'footer-decl',
  'header-decl',
]);

class Content implements XmlHandler {
  readonly #out: DocumentWriter;
  readonly #rich: RichText;
  readonly #sheets: boolean;
  #inText = 0;
  #level: number | undefined;
  #listDepth = 0;
  #breakPage = false;
  #headerRows = 0;
  #span = 1;
  #presentation: string | undefined;
  #sheet: string[][] = [];
  #row: string[] = [];
  #repeatRow = 1;
  #repeatCell = 1;
  #cell: string[] = [];

  constructor(out: DocumentWriter, sheets: boolean) {
    this.#out = out;
    this.#sheets = sheets;
    this.#rich = new RichText(out);
  }

  skips(name: string): boolean {
    return SKIPPED.has(name);
  }

  open(name: string, attributes: string, prefix: string): void {
    if (prefix === 'draw' && name === 'page') {
      this.#openPage();
      return;
    }
    if (this.#sheets && this.#openSheetPart(name, attributes)) return;
    switch (name) {
      case 'h':
        this.#inText++;
        this.#level = Number(attribute(attributes, 'outline-level')) || 1;
        break;
      case 'p':
        this.#inText++;
        break;
      case 's':
        if (prefix === 'text')
          this.#write(' '.repeat(Math.min(100, Number(attribute(attributes, 'c')) || 1)));
        break;
      case 'tab':
        this.#write('\t');
        break;
      case 'line-break':
        this.#write('\n');
        break;
      case 'note':
        this.#rich.text(' (');
        break;
      case 'soft-page-break':
        this.#breakPage = true;
        break;
      case 'list':
        this.#listDepth++;
        break;
      case 'frame':
        this.#presentation = attribute(attributes, 'presentation:class');
        break;
      case 'table':
        this.#rich.openTable();
        break;
      case 'table-header-rows':
        this.#headerRows++;
        break;
      case 'table-row':
        this.#rich.openRow();
        break;
      case 'table-cell':
      case 'covered-table-cell':
        this.#rich.openCell();
        this.#span = Number(attribute(attributes, 'number-columns-repeated')) || 1;
        break;
    }
  }

  text(text: string): void {
    if (this.#inText > 0) this.#write(text.replace(/\s+/g, ' '));
  }

  close(name: string, prefix: string): void {
    if (this.#sheets && this.#closeSheetPart(name)) return;
    switch (name) {
      case 'h':
      case 'p':
        this.#inText--;
        // paragraphs of a note flow into the one that it stands in
        if (this.#inText > 0) this.#rich.text(' ');
        else this.#endParagraph(name);
        break;
      case 'note':
        this.#rich.text(')');
        break;
      case 'list':
        this.#listDepth--;
        break;
      case 'frame':
        this.#presentation = undefined;
        break;
      case 'table':
        if (prefix === 'table') this.#rich.closeTable();
        break;
      case 'table-header-rows':
        this.#headerRows--;
        break;
      case 'table-row':
        this.#rich.closeRow(this.#headerRows > 0);
        break;
      case 'table-cell':
      case 'covered-table-cell':
        this.#rich.closeCell(this.#span);
        break;
    }
  }

  finish(): void {
    this.#rich.finish();
  }

  #write(text: string): void {
    if (this.#sheets) this.#cell.push(text);
    else this.#rich.text(text);
  }

  #endParagraph(name: 'h' | 'p'): void {
    if (name === 'h') this.#rich.endHeading(this.#level ?? 1);
    else if (this.#presentation === 'title') this.#rich.endHeading(1);
    else if (this.#listDepth > 0) this.#rich.endItem('- ', this.#listDepth - 1);
    else this.#rich.endParagraph();
    if (!this.#breakPage || this.#rich.inTable) return;
    this.#breakPage = false;
    this.#rich.finish();
    if (!this.#out.pageIsEmpty) this.#out.newPage();
  }

  #openPage(): void {
    this.#rich.finish();
    this.#out.newPage();
  }

  #openSheetPart(name: string, attributes: string): boolean {
    switch (name) {
      case 'table':
        this.#out.newPage();
        this.#sheet = [];
        this.#rich.text(attribute(attributes, 'name') ?? '');
        return true;
      case 'table-row':
        this.#row = [];
        this.#repeatRow = Number(attribute(attributes, 'number-rows-repeated')) || 1;
        return true;
      case 'table-cell':
      case 'covered-table-cell':
        this.#cell = [];
        this.#repeatCell = Number(attribute(attributes, 'number-columns-repeated')) || 1;
        return true;
      case 'p':
        if (this.#cell.length > 0) this.#cell.push(' ');
        this.#inText++;
        return true;
      default:
        return false;
    }
  }

  #closeSheetPart(name: string): boolean {
    switch (name) {
      case 'p':
        this.#inText--;
        return true;
      case 'table-cell':
      case 'covered-table-cell': {
        // sheets end in runs of empty cells and rows up to the edge of the grid
        const text = this.#cell.join('');
        const times = Math.min(this.#repeatCell, text === '' ? 256 : 1024);
        for (let i = 0; i < times && this.#row.length < 16_384; i++) this.#row.push(text);
        this.#cell = [];
        return true;
      }
      case 'table-row': {
        const times = this.#row.some((cell) => cell !== '') ? Math.min(this.#repeatRow, 1024) : 0;
        for (let i = 0; i < times; i++) this.#sheet.push(this.#row);
        return true;
      }
      case 'table': {
        writeSheet(this.#rich.take(), this.#sheet, this.#out);
        this.#sheet = [];
        return true;
      }
      default:
        return false;
    }
  }
}
