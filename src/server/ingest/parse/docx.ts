import type { DocumentWriter } from './document-writer.ts';
import { type DocxStyles, readNumbering, readStyles } from './docx-styles.ts';
import { coreTitle, relationships } from './office-package.ts';
import { RichText } from './rich-text.ts';
import { attribute, readXml, type XmlHandler } from './xml.ts';
import type { ZipArchive } from './zip.ts';

/**
 * WordprocessingML (ECMA-376 part 1, 17): the body in order, as it reads once every tracked change is
 * accepted. Headers and footers repeat on every page and are left out; notes follow at the end of the page
 * that refers to them. Pages are those that the word processor noted when it last laid the text out, or the
 * breaks that the author set.
 */
export async function readDocx(zip: ZipArchive, out: DocumentWriter): Promise<void> {
  const part = mainPart(zip);
  const links = [...(await relationships(zip, part)).values()];
  const target = (type: string) => links.find((link) => link.type === type)?.target ?? '';
  const styles = await readStyles(zip, target('styles'));
  styles.numbering = await readNumbering(zip, target('numbering'));
  const notes = new Map<string, string>();
  for (const kind of ['footnote', 'endnote'] as const) await readNotes(zip, target(`${kind}s`), kind, notes);
  out.newPage();
  const body = new Body(out, styles, notes);
  await readXml(zip.stream(part), body);
  body.finish();
  out.title = await coreTitle(zip);
}

function mainPart(zip: ZipArchive): string {
  if (zip.has('word/document.xml')) return 'word/document.xml';
  for (const name of zip.names()) if (/^word\/document\d*\.xml$/.test(name)) return name;
  return 'word/document.xml';
}

/** Elements whose content is not text of the document as it stands. */
const SKIPPED = new Set([
  'del',
  'moveFrom',
  'instrText',
  'delInstrText',
  'Fallback',
  'rPrChange',
  'pPrChange',
  'sectPrChange',
  'tblPrChange',
  'delText',
]);

interface Paragraph {
  style: string | undefined;
  outline: number | undefined;
  list: { id: string; level: number } | undefined;
}

class Body implements XmlHandler {
  readonly #out: DocumentWriter;
  readonly #styles: DocxStyles;
  readonly #notes: ReadonlyMap<string, string>;
  readonly #rich: RichText;
  readonly #counters = new Map<string, number[]>();
  /** Paragraphs that are open: a text box stands inside the paragraph that anchors it. */
  readonly #paragraphs: { paragraph: Paragraph; before: string }[] = [];
  #skipped = 0;
  #inText = false;
  #inProperties = 0;
  #breakPage = false;
  #headerRow = false;
  #span = 1;
  /** After an explicit break the layout's own note of the same break follows. */
  #justBroken = false;
  #pageNotes: string[] = [];

  constructor(out: DocumentWriter, styles: DocxStyles, notes: ReadonlyMap<string, string>) {
    this.#out = out;
    this.#styles = styles;
    this.#notes = notes;
    this.#rich = new RichText(out);
  }

  open(name: string, attributes: string): void {
    if (this.#skipped > 0 || SKIPPED.has(name)) {
      this.#skipped++;
      return;
    }
    switch (name) {
      case 'p':
        this.#paragraphs.push({
          paragraph: { style: undefined, outline: undefined, list: undefined },
          before: this.#rich.take(),
        });
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
        if (!/^(?:0|false|off)$/.test(attribute(attributes, 'val') ?? '') && !this.#rich.inTable)
          this.#newPage();
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
        const note = this.#notes.get(`${name.slice(0, -9)}/${attribute(attributes, 'id')}`);
        if (note !== undefined) this.#pageNotes.push(note);
        break;
      }
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
        if (!this.#rich.inTable && this.#breakPage) this.#newPage();
        break;
    }
  }

  finish(): void {
    this.#rich.finish();
    this.#writeNotes();
  }

  #current(change: (paragraph: Paragraph) => void): void {
    const open = this.#paragraphs.at(-1);
    if (open !== undefined && this.#inProperties > 0) change(open.paragraph);
  }

  #endParagraph(): void {
    const open = this.#paragraphs.pop();
    if (open === undefined) return;
    const { paragraph, before } = open;
    const style = this.#styles.of(paragraph.style);
    const level = paragraph.outline ?? style.outline;
    const list =
      paragraph.list === undefined || paragraph.list.id === ''
        ? mergeList(paragraph.list, style.list)
        : paragraph.list;
    const marker = list === undefined || list.id === '0' ? undefined : this.#marker(list);
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
    if (this.#breakPage && !this.#rich.inTable && this.#paragraphs.length === 0) this.#newPage();
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

  #marker({ id, level }: { id: string; level: number }): string {
    const levels = this.#styles.numbering.get(id);
    const counters = this.#counters.get(id) ?? [];
    this.#counters.set(id, counters);
    const own = levels?.[level];
    counters[level] = (counters[level] ?? (own?.start ?? 1) - 1) + 1;
    counters.length = level + 1;
    if (own === undefined || own.format === 'bullet' || own.format === 'none') return '- ';
    const text = own.text.replace(/%(\d)/g, (_, digit: string) => {
      const at = Number(digit) - 1;
      return numeral(counters[at] ?? levels?.[at]?.start ?? 1, levels?.[at]?.format ?? 'decimal');
    });
    return text.trim() === '' ? '- ' : `${text.trim()} `;
  }
}

const mergeList = (own: Paragraph['list'], fromStyle: Paragraph['list']): Paragraph['list'] =>
  fromStyle === undefined ? undefined : { id: fromStyle.id, level: own?.level ?? fromStyle.level };

function numeral(value: number, format: string): string {
  switch (format) {
    case 'lowerLetter':
    case 'upperLetter': {
      const letter = String.fromCharCode(97 + ((value - 1) % 26)).repeat(Math.min(5, Math.ceil(value / 26)));
      return format === 'upperLetter' ? letter.toUpperCase() : letter;
    }
    case 'lowerRoman':
      return roman(value).toLowerCase();
    case 'upperRoman':
      return roman(value);
    default:
      return String(value);
  }
}

const ROMAN: readonly [number, string][] = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
];

function roman(value: number): string {
  let rest = Math.min(value, 3999);
  let text = '';
  for (const [worth, letters] of ROMAN) {
    while (rest >= worth) {
      text += letters;
      rest -= worth;
    }
  }
  return text;
}

async function readNotes(
  zip: ZipArchive,
  part: string,
  kind: 'footnote' | 'endnote',
  notes: Map<string, string>,
): Promise<void> {
  if (!zip.has(part)) return;
  let id: string | undefined;
  let text: string[] = [];
  let inText = false;
  let skipped = 0;
  await readXml(zip.stream(part), {
    open(name, attributes) {
      if (skipped > 0 || SKIPPED.has(name)) skipped++;
      else if (name === kind) {
        // separators between text and notes are notes of a type
        id = attribute(attributes, 'type') === undefined ? attribute(attributes, 'id') : undefined;
        text = [];
      } else if (name === 't') inText = true;
      else if (name === 'tab' || name === 'br') text.push(' ');
    },
    text(part) {
      if (inText && skipped === 0) text.push(part);
    },
    close(name) {
      if (skipped > 0) skipped--;
      else if (name === 't') inText = false;
      else if (name === 'p') text.push('\n');
      else if (name === kind && id !== undefined) notes.set(`${kind}/${id}`, text.join(''));
    },
  });
}
