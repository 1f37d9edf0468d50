import type { DocumentWriter } from './document-writer.ts';
import { broken } from './faults.ts';
import { coreTitle, type Relationship, relationships } from './office-package.ts';
import { RichText } from './rich-text.ts';
import { attribute, readXml, type XmlHandler } from './xml.ts';
import type { ZipArchive } from './zip.ts';

const PRESENTATION = 'ppt/presentation.xml';

/**
 * PresentationML (ECMA-376 part 1, 19): a slide is a page, in the order of the presentation, with the text of
 * its shapes, tables, diagrams (SmartArt) and charts, and the speaker's notes at its end.
 */
export async function readPptx(zip: ZipArchive, out: DocumentWriter): Promise<void> {
  const links = await relationships(zip, PRESENTATION);
  const slides: string[] = [];
  await readXml(zip.stream(PRESENTATION), {
    open(name, attributes) {
      if (name !== 'sldId') return;
      const link = links.get(attribute(attributes, 'r:id') ?? '');
      if (link !== undefined && zip.has(link.target)) slides.push(link.target);
    },
    close() {},
  });
  if (slides.length === 0) throw broken('The presentation has no slides that can be read.');
  for (const slide of slides) {
    out.newPage();
    await readSlide(zip, slide, out);
  }
  out.title = await coreTitle(zip);
}

async function readSlide(zip: ZipArchive, part: string, out: DocumentWriter): Promise<void> {
  const links = await relationships(zip, part);
  const slide = new Slide(out, FURNITURE);
  await readXml(zip.stream(part), slide);
  slide.finish();
  for (const id of slide.graphics) await readGraphic(zip, links.get(id), out);
  const notes = [...links.values()].find((link) => link.type === 'notesSlide')?.target;
  if (notes === undefined || !zip.has(notes)) return;
  const reader = new Slide(out, NOTES_FURNITURE);
  await readXml(zip.stream(notes), reader);
  reader.finish();
}

/** Placeholders that repeat on every slide. */
const FURNITURE = new Set(['dt', 'ftr', 'sldNum', 'hdr']);
const NOTES_FURNITURE = new Set([...FURNITURE, 'sldImg']);

class Slide implements XmlHandler {
  /** Relationship ids of diagrams and charts. */
  readonly graphics: string[] = [];
  readonly #rich: RichText;
  readonly #furniture: ReadonlySet<string>;
  #skipped = 0;
  #placeholder: string | undefined;
  #inText = false;
  #inTextBody = false;
  #bullet: boolean | undefined;
  #level = 0;
  #paragraphs: { text: string; bullet: boolean | undefined; level: number }[] = [];
  #span = 1;
  #firstRow = false;

  constructor(out: DocumentWriter, furniture: ReadonlySet<string>) {
    this.#rich = new RichText(out);
    this.#furniture = furniture;
  }

  open(name: string, attributes: string): void {
    if (this.#skipped > 0 || name === 'Fallback') {
      this.#skipped++;
      return;
    }
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
        this.#firstRow = true;
        break;
      case 'tr':
        this.#rich.openRow();
        break;
      case 'tc':
        this.#rich.openCell();
        this.#span = Number(attribute(attributes, 'gridSpan')) || 1;
        break;
      case 'relIds':
        this.graphics.push(attribute(attributes, 'r:dm') ?? '');
        break;
      case 'chart':
        this.graphics.push(attribute(attributes, 'r:id') ?? '');
        break;
    }
  }

  text(text: string): void {
    if (this.#inText && this.#skipped === 0) this.#rich.text(text);
  }

  close(name: string): void {
    if (this.#skipped > 0) {
      this.#skipped--;
      return;
    }
    switch (name) {
      case 't':
        this.#inText = false;
        break;
      case 'p':
        if (this.#rich.inTable) this.#rich.endParagraph();
        else if (this.#inTextBody) {
          this.#paragraphs.push({ text: this.#rich.take(), bullet: this.#bullet, level: this.#level });
        }
        this.#bullet = undefined;
        this.#level = 0;
        break;
      case 'txBody':
        if (!this.#rich.inTable) this.#endBody();
        this.#inTextBody = false;
        break;
      case 'tc':
        this.#rich.closeCell(this.#span);
        this.#span = 1;
        break;
      case 'tr':
        this.#rich.closeRow(this.#firstRow);
        this.#firstRow = false;
        break;
      case 'tbl':
        this.#rich.closeTable();
        break;
    }
  }

  finish(): void {
    this.#rich.finish();
  }

  /** The body placeholder's paragraphs have bullets unless they say otherwise; other shapes' do not. */
  #endBody(): void {
    const kind = this.#placeholder;
    if (kind !== undefined && this.#furniture.has(kind)) return;
    const paragraphs = this.#paragraphs.filter(({ text }) => text.trim() !== '');
    if (kind === 'title' || kind === 'ctrTitle') {
      this.#rich.text(paragraphs.map(({ text }) => text).join(' '));
      this.#rich.endHeading(1);
      return;
    }
    const inList = (kind === 'body' && this.#furniture === FURNITURE) || kind === 'obj';
    for (const { text, bullet, level } of paragraphs) {
      this.#rich.text(text);
      if (bullet ?? (inList && paragraphs.length > 1)) this.#rich.endItem('- ', level);
      else this.#rich.endParagraph();
    }
    // the list of one shape does not run into the next one's
    this.#rich.finish();
  }
}

/** A diagram's points in their order, or a chart's title, categories and values. */
async function readGraphic(
  zip: ZipArchive,
  link: Relationship | undefined,
  out: DocumentWriter,
): Promise<void> {
  if (link === undefined || !zip.has(link.target)) return;
  const texts: string[] = [];
  const table: string[][] = [];
  let series: string[] = [];
  let current: string[] | undefined;
  let skipped = 0;
  await readXml(zip.stream(link.target), {
    open(name, attributes) {
      // presentation points repeat what document points say
      if (skipped > 0 || (name === 'pt' && attribute(attributes, 'type') === 'pres')) skipped++;
      else if (name === 't' || name === 'v') current = [];
      else if (name === 'ser') series = [];
    },
    text(text) {
      current?.push(text);
    },
    close(name) {
      if (skipped > 0) skipped--;
      else if (name === 't' || name === 'v') {
        const text = current?.join('').trim() ?? '';
        current = undefined;
        if (text !== '') (name === 'v' ? series : texts).push(text);
      } else if (name === 'ser') {
        if (series.length > 0) table.push(series);
        series = [];
      }
    },
  });
  if (link.type === 'diagramData') out.list(texts.map((text) => ({ text: `- ${text}`, depth: 0 })));
  else {
    out.paragraph(texts.join(' '));
    out.table(table, 0);
  }
}
