import type { DocumentWriter } from './document-writer.ts';
import { RichText } from './rich-text.ts';
import { attribute, type XmlHandler } from './xml.ts';

/** Placeholders that repeat on every slide. */
const FURNITURE = new Set(['dt', 'ftr', 'sldNum', 'hdr', 'sldImg']);

/** Where shapes stand decides which paragraphs have bullets of their own accord. */
export type Canvas = 'slide' | 'notes' | 'sheet';

/** Text and tables of DrawingML shapes (ECMA-376 part 1, 21.1): of slides, their notes, and drawings on sheets. */
export class DrawingShapes implements XmlHandler {
  /** Relationship ids of diagrams and charts. */
  readonly graphics: string[] = [];
  readonly #rich: RichText;
  readonly #canvas: Canvas;
  #placeholder: string | undefined;
  #inText = false;
  #inTextBody = false;
  #bullet: boolean | undefined;
  #level = 0;
  #paragraphs: { text: string; bullet: boolean | undefined; level: number }[] = [];
  #headerRow = false;

  constructor(out: DocumentWriter, canvas: Canvas) {
    this.#rich = new RichText(out);
    this.#canvas = canvas;
  }

  skips(name: string): boolean {
    return name === 'Fallback';
  }

  open(name: string, attributes: string): void {
    switch (name) {
      case 'sp':
        this.#placeholder = undefined;
        break;
      case 'ph':
        this.#placeholder = attribute(attributes, 'type') ?? 'body';
        break;
      case 'txBody':
        this.#inTextBody = true;
        this.#paragraphs = [];
        break;
      case 'pPr':
        this.#level = Number(attribute(attributes, 'lvl')) || 0;
        break;
      case 'buChar':
      case 'buAutoNum':
        this.#bullet = true;
        break;
      case 'buNone':
        this.#bullet = false;
        break;
      case 't':
        this.#inText = true;
        break;
      case 'br':
        this.#rich.text('\n');
        break;
      case 'tbl':
        this.#rich.openTable();
        this.#headerRow = true;
        break;
      case 'tr':
        this.#rich.openRow();
        break;
      case 'tc':
        // a cell over several columns is followed by empty cells for the others
        this.#rich.openCell();
        break;
      case 'relIds':
        this.graphics.push(attribute(attributes, ':dm') ?? '');
        break;
      case 'chart':
        this.graphics.push(attribute(attributes, ':id') ?? '');
        break;
    }
  }

  text(text: string): void {
    if (this.#inText) this.#rich.text(text);
  }

  close(name: string): void {
    switch (name) {
      case 't':
        this.#inText = false;
        break;
      case 'p':
        this.#endParagraph();
        break;
      case 'txBody':
        if (!this.#rich.inTable) this.#endBody();
        this.#inTextBody = false;
        break;
      case 'tc':
        this.#rich.closeCell();
        break;
      case 'tr':
        this.#rich.closeRow(this.#headerRow);
        this.#headerRow = false;
        break;
      case 'tbl':
        this.#rich.closeTable();
        break;
    }
  }

  finish(): void {
    this.#rich.finish();
  }

  #endParagraph(): void {
    if (this.#rich.inTable) this.#rich.endParagraph();
    else if (this.#inTextBody) {
      this.#paragraphs.push({ text: this.#rich.take(), bullet: this.#bullet, level: this.#level });
    }
    this.#bullet = undefined;
    this.#level = 0;
  }

  /** The body placeholder's paragraphs have bullets unless they say otherwise; other shapes' do not. */
  #endBody(): void {
    const kind = this.#placeholder;
    if (kind !== undefined && FURNITURE.has(kind)) return;
    const paragraphs = this.#paragraphs.filter(({ text }) => text.trim() !== '');
    if (kind === 'title' || kind === 'ctrTitle') {
      this.#rich.text(paragraphs.map(({ text }) => text).join(' '));
      this.#rich.endHeading(1);
      return;
    }
    const inList = (kind === 'body' && this.#canvas === 'slide') || kind === 'obj';
    for (const { text, bullet, level } of paragraphs) {
      this.#rich.text(text);
      if (bullet ?? (inList && paragraphs.length > 1)) this.#rich.endItem('- ', level);
      else this.#rich.endParagraph();
    }
    // the list of one shape does not run into the next one's
    this.#rich.finish();
  }
}
