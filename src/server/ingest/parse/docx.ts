import type { DocumentWriter } from './document-writer.ts';
import { readNotes, SKIPPED } from './docx-notes.ts';
import { type ListMarkers, type ListPlace, readNumbering } from './docx-numbering.ts';
import { type DocxStyles, readStyles } from './docx-styles.ts';
import { type Graphic, readGraphic, writeGraphic } from './office-graphic.ts';
import { coreTitle, type Relationship, relationships, wordPart } from './office-package.ts';
import { RichText } from './rich-text.ts';
import { attribute, readXml, type XmlHandler } from './xml.ts';
import type { ZipArchive } from './zip.ts';

/**
 * WordprocessingML (ECMA-376 part 1, 17): the body in order, as it reads once every tracked change is
 * accepted, with the text of boxes, charts and diagrams. Headers, footers, comments and hidden text are left
 * out; notes follow at the end of the page that refers to them. Pages are those that the word processor noted when it last laid the text out, or the
 * breaks that the author set.
 */
export async function readDocx(zip: ZipArchive, out: DocumentWriter): Promise<void> {
  const part = wordPart(zip) ?? '';
  const links = await relationships(zip, part);
  const target = (type: string) => [...links.values()].find((link) => link.type === type)?.target ?? '';
  const styles = await readStyles(zip, target('styles'));
  const markers = await readNumbering(zip, target('numbering'));
  const graphics = await readGraphics(zip, links);
  const notes = new Map<string, string>();
  for (const kind of ['footnote', 'endnote'] as const) await readNotes(zip, target(`${kind}s`), kind, notes);
  out.newPage();
  const body = new Body(out, { styles, markers, graphics, notes });
  await readXml(zip.stream(part), body);
  body.finish();
  out.title = await coreTitle(zip);
}

interface Paragraph {
  style: string | undefined;
  outline: number | undefined;
  list: ListPlace | undefined;
  /** Its end is deleted: the next paragraph goes on with its text. */
  joinsNext: boolean;
}

/** What the body refers to. */
interface Parts {
  readonly styles: DocxStyles;
  readonly markers: ListMarkers;
  readonly graphics: ReadonlyMap<string, Graphic>;
  readonly notes: ReadonlyMap<string, string>;
}

class Body implements XmlHandler {
  readonly #out: DocumentWriter;
  readonly #parts: Parts;
  readonly #rich: RichText;
  /** Paragraphs that are open: a text box stands inside the paragraph that anchors it. */
  readonly #paragraphs: { paragraph: Paragraph; before: string }[] = [];
  #inText = false;
  #hidden = false;
  #inProperties = 0;
  #breakPage = false;
  #headerRow = false;
  #span = 1;
  /** After an explicit break the layout's own note of the same break follows. */
  #justBroken = false;
  #pageNotes: string[] = [];
  /** Shown by paragraphs that are not through yet. */
  #graphics: Graphic[] = [];

  constructor(out: DocumentWriter, parts: Parts) {
    this.#out = out;
    this.#parts = parts;
    this.#rich = new RichText(out);
  }

  skips(name: string): boolean {
    if (!SKIPPED.has(name)) return false;
    if (name === 'del') {
      this.#current((paragraph) => {
        paragraph.joinsNext = true;
      });
    }
    return true;
  }

  open(name: string, attributes: string): void {
    switch (name) {
      case 'p':
        this.#paragraphs.push({
          paragraph: { style: undefined, outline: undefined, list: undefined, joinsNext: false },
          before: this.#paragraphs.length > 0 ? this.#rich.take() : '',
        });
        break;
      case 'r':
        this.#hidden = false;
        break;
      case 'vanish':
        if (this.#inProperties === 0) this.#hidden = isOn(attributes);
        break;
      case 'pPr':
        this.#inProperties++;
        break;
      case 'pStyle':
        this.#current((paragraph) => {
          paragraph.style = attribute(attributes, 'val');
        });
        break;
      case 'outlineLvl':
        this.#current((paragraph) => {
          paragraph.outline = Number(attribute(attributes, 'val'));
        });
        break;
      case 'ilvl':
        this.#current((paragraph) => {
          paragraph.list = { id: paragraph.list?.id ?? '', level: Number(attribute(attributes, 'val')) || 0 };
        });
        break;
      case 'numId':
        this.#current((paragraph) => {
          paragraph.list = { id: attribute(attributes, 'val') ?? '', level: paragraph.list?.level ?? 0 };
        });
        break;
      case 'pageBreakBefore':
        if (isOn(attributes) && !this.#rich.inTable) this.#newPage();
        break;
      case 't':
        this.#inText = true;
        break;
      case 'tab':
      case 'ptab':
        if (this.#inProperties === 0) this.#rich.text('\t');
        break;
      case 'br':
        if (attribute(attributes, 'type') === 'page') {
          this.#breakPage = true;
          this.#justBroken = true;
        } else this.#rich.text('\n');
        break;
      case 'lastRenderedPageBreak':
        if (this.#justBroken) this.#justBroken = false;
        else this.#breakPage = true;
        break;
      case 'cr':
        this.#rich.text('\n');
        break;
      case 'noBreakHyphen':
        this.#rich.text('-');
        break;
      case 'footnoteReference':
      case 'endnoteReference': {
        const note = this.#parts.notes.get(`${name.slice(0, -9)}/${attribute(attributes, 'id')}`);
        if (note !== undefined) this.#pageNotes.push(note);
        break;
      }
      case 'chart':
        this.#showGraphic(attribute(attributes, ':id'));
        break;
      case 'relIds':
        this.#showGraphic(attribute(attributes, ':dm'));
        break;
      case 'tbl':
        this.#rich.openTable();
        break;
      case 'tr':
        this.#rich.openRow();
        this.#headerRow = false;
        break;
      case 'tblHeader':
        this.#headerRow = true;
        break;
      case 'tc':
        this.#rich.openCell();
        this.#span = 1;
        break;
      case 'gridSpan':
        this.#span = Number(attribute(attributes, 'val')) || 1;
        break;
    }
  }

  text(text: string): void {
    if (this.#inText && !this.#hidden) this.#rich.text(text);
  }

  close(name: string): void {
    switch (name) {
      case 't':
        this.#inText = false;
        break;
      case 'pPr':
        this.#inProperties--;
        break;
      case 'p':
        this.#endParagraph();
        break;
      case 'tc':
        this.#rich.closeCell(this.#span);
        this.#span = 1;
        break;
      case 'tr':
        this.#rich.closeRow(this.#headerRow);
        break;
      case 'tbl':
        this.#rich.closeTable();
        this.#afterBlock();
        break;
    }
  }

  finish(): void {
    this.#rich.finish();
    this.#writeGraphics();
    this.#writeNotes();
  }

  #showGraphic(id: string | undefined): void {
    const graphic = this.#parts.graphics.get(id ?? '');
    if (graphic !== undefined) this.#graphics.push(graphic);
  }

  #writeGraphics(): void {
    if (this.#graphics.length === 0) return;
    this.#rich.finish();
    for (const graphic of this.#graphics) writeGraphic(graphic, this.#out);
    this.#graphics = [];
  }

  /** What has waited for the end of a block that stands in no other. */
  #afterBlock(): void {
    if (this.#rich.inTable || this.#paragraphs.length > 0) return;
    this.#writeGraphics();
    if (this.#breakPage) this.#newPage();
  }

  #current(change: (paragraph: Paragraph) => void): void {
    const open = this.#paragraphs.at(-1);
    if (open !== undefined && this.#inProperties > 0) change(open.paragraph);
  }

  #endParagraph(): void {
    const open = this.#paragraphs.pop();
    if (open === undefined) return;
    const { paragraph, before } = open;
    if (paragraph.joinsNext) {
      const rest = this.#rich.take();
      this.#rich.text(before + rest);
      return;
    }
    const style = this.#parts.styles.of(paragraph.style);
    const level = paragraph.outline ?? style.outline;
    const list =
      paragraph.list === undefined || paragraph.list.id === ''
        ? mergeList(paragraph.list, style.list)
        : paragraph.list;
    const marker = list === undefined || list.id === '0' ? undefined : this.#parts.markers.next(list);
    if (level !== undefined && level < 9) {
      if (marker !== undefined && marker !== '- ') {
        const text = this.#rich.take();
        if (text.trim() !== '') this.#rich.text(marker + text);
      }
      this.#rich.endHeading(level + 1);
    } else if (marker !== undefined) this.#rich.endItem(marker, list?.level ?? 0);
    else this.#rich.endParagraph();
    // the text before a text box goes on after it
    if (before !== '') this.#rich.text(before);
    this.#afterBlock();
  }

  #newPage(): void {
    this.#breakPage = false;
    this.#rich.finish();
    // a break before anything was written makes no empty page
    if (this.#out.pageIsEmpty) return;
    this.#writeNotes();
    this.#out.newPage();
  }

  #writeNotes(): void {
    for (const note of this.#pageNotes) this.#out.paragraph(note);
    this.#pageNotes = [];
  }
}

/** A property that is there is on unless it says otherwise (17.17.4). */
const isOn = (attributes: string): boolean => !/^(?:0|false|off)$/.test(attribute(attributes, 'val') ?? '');

const mergeList = (own: Paragraph['list'], fromStyle: ListPlace | undefined): ListPlace | undefined =>
  fromStyle === undefined ? undefined : { id: fromStyle.id, level: own?.level ?? fromStyle.level };

/** Charts and diagrams are parts of their own; read before the body, which has them by the id of their link. */
async function readGraphics(
  zip: ZipArchive,
  links: ReadonlyMap<string, Relationship>,
): Promise<Map<string, Graphic>> {
  const graphics = new Map<string, Graphic>();
  for (const [id, link] of links) {
    const graphic = await readGraphic(zip, link);
    if (graphic !== undefined) graphics.set(id, graphic);
  }
  return graphics;
}
