import type { DocumentWriter } from './document-writer.ts';
import { tooComplex } from './faults.ts';
import { RichText } from './rich-text.ts';
import { documentEncoding, fontEncodings } from './rtf-encodings.ts';
import { type RtfHandler, readRtfTokens } from './rtf-tokens.ts';

/**
 * Rich Text Format 1.9: the body's text with its paragraphs, headings (`\outlinelevel`), lists, table rows and
 * page breaks, as it reads once every tracked change is accepted; code pages by `\ansicpg` and by font. Notes
 * follow at the end of their page, a text box stands before the paragraph that anchors it.
 */
export async function readRtf(bytes: Buffer, out: DocumentWriter): Promise<void> {
  const { default: iconv } = await import('iconv-lite');
  const source = bytes.toString('latin1');
  const body = new Body(out, {
    base: documentEncoding(source, (encoding) => iconv.encodingExists(encoding)),
    fonts: fontEncodings(source),
    decode: (data, encoding) => iconv.decode(data, encoding),
  });
  out.newPage();
  readRtfTokens(source, body);
  body.finish();
}

interface Encodings {
  readonly base: string;
  readonly fonts: ReadonlyMap<number, string>;
  readonly decode: (data: Buffer, encoding: string) => string;
}

/** Where text goes: onto the page, into a note, to the marker of a list item, to the title, or nowhere. */
type Destination = 'page' | 'note' | 'box' | 'marker' | 'title' | 'nowhere';

/** What a group inherits from the one around it and gives back at its end. */
interface State {
  destination: Destination;
  /** The group's first word names a destination that readers may not know. */
  optional: boolean;
  /** Bytes that stand for one Unicode character to readers who know none (`\uc`). */
  fallbackLength: number;
  encoding: string;
  hidden: boolean;
  deleted: boolean;
  level: number | undefined;
  listDepth: number;
  isItem: boolean;
  inTable: boolean;
  /** Ends of paragraphs are line ends of the text around. */
  inline: boolean;
}

const PLAIN_PARAGRAPH = { level: undefined, listDepth: 0, isItem: false, inTable: false } as const;

/** Destinations that hold no text of the body. `fldinst` is a field's formula, `fldrslt` what it shows. */
const NOWHERE = new Set(
  (
    'fonttbl colortbl stylesheet info pict header headerl headerr headerf footer footerl footerr footerf fldinst themedata ' +
    'colorschememapping datastore latentstyles listtable listoverridetable rsidtbl generator xmlnstbl mmathPr filetbl revtbl annotation ' +
    'atnid atnauthor atndate atnref bkmkstart bkmkend pntxta pntxtb nonshppict shprslt template private1 operator author ' +
    'wgrffmtfilter sp sn sv falt panose objdata blipuid passwordhash ftnsep ftnsepc aftnsep aftnsepc nonesttables'
  ).split(' '),
);
/** Optional destinations whose text does count, or holds some that does. */
const KEPT = new Set(['shpinst', 'shptxt', 'footnote', 'nesttableprops', 'listtext', 'pntext']);

const MAX_DEPTH = 2000;

class Body implements RtfHandler {
  readonly #out: DocumentWriter;
  readonly #rich: RichText;
  readonly #encodings: Encodings;
  readonly #stack: State[] = [];
  #state: State;
  /** Bytes of text whose decoding waits for the rest of their characters. */
  #pending: number[] = [];
  #toSkip = 0;
  /** What stood before notes and boxes that are open. */
  readonly #before: string[] = [];
  #notes: string[] = [];
  #marker = '';
  #title = '';
  #cells: string[] = [];
  /** Of a table in a cell, which becomes text of the cell. */
  #nestedCells: string[] = [];
  #nestedRows: string[] = [];
  #headerRow = false;
  #tableOpen = false;

  constructor(out: DocumentWriter, encodings: Encodings) {
    this.#out = out;
    this.#rich = new RichText(out);
    this.#encodings = encodings;
    this.#state = {
      destination: 'page',
      optional: false,
      fallbackLength: 1,
      encoding: encodings.base,
      hidden: false,
      deleted: false,
      inline: false,
      ...PLAIN_PARAGRAPH,
    };
  }

  openGroup(): void {
    this.#flush();
    this.#toSkip = 0;
    if (this.#stack.length > MAX_DEPTH) throw tooComplex('The file nests its parts too deeply.');
    this.#stack.push(this.#state);
    this.#state = { ...this.#state };
  }

  closeGroup(): void {
    this.#flush();
    this.#toSkip = 0;
    const inner = this.#state;
    this.#state = this.#stack.pop() ?? inner;
    if (inner.destination !== this.#state.destination) this.#leave(inner.destination);
  }

  byte(value: number): void {
    if (this.#toSkip > 0) this.#toSkip--;
    else this.#pending.push(value);
  }

  symbol(char: string): void {
    if (char === '*') this.#state.optional = true;
    else if (char === '~') this.#character(' ');
    else if (char === '_') this.#character('-');
    else if (char === '\r' || char === '\n') this.#endParagraph();
  }

  word(name: string, value: number | undefined): void {
    this.#flush();
    const { optional } = this.#state;
    this.#state.optional = false;
    if (NOWHERE.has(name) || (optional && !KEPT.has(name))) this.#state.destination = 'nowhere';
    else if (name === 'title') this.#state.destination = 'title';
    else if (this.#state.destination !== 'nowhere') this.#apply(name, value);
  }

  finish(): void {
    this.#flush();
    for (const cell of [...this.#cells, ...this.#nestedRows, ...this.#nestedCells])
      this.#rich.text(` ${cell} `);
    this.#closeTable();
    this.#rich.endParagraph();
    this.#endPage();
    const title = this.#title.trim();
    this.#out.title = title.length < 3 ? undefined : title;
  }

  #apply(name: string, value: number | undefined): void {
    const state = this.#state;
    switch (name) {
      case 'par':
      case 'sect':
        this.#endParagraph();
        break;
      case 'pard':
        Object.assign(state, PLAIN_PARAGRAPH);
        break;
      case 'plain':
        Object.assign(state, { hidden: false, deleted: false, encoding: this.#encodings.base });
        break;
      case 'outlinelevel':
        state.level = value;
        break;
      case 'ls':
        state.isItem = value !== 0;
        break;
      case 'ilvl':
        state.listDepth = value ?? 0;
        break;
      case 'listtext':
      case 'pntext':
        state.destination = 'marker';
        this.#marker = '';
        break;
      case 'page':
        this.#endParagraph();
        if (state.destination === 'page' && !this.#tableOpen) {
          this.#endPage();
          if (!this.#out.pageIsEmpty) this.#out.newPage();
        }
        break;
      case 'intbl':
        state.inTable = true;
        break;
      case 'trowd':
        this.#headerRow = false;
        if (!this.#tableOpen && !state.inTable && this.#cells.length === 0) this.#rich.endParagraph();
        break;
      case 'trhdr':
        this.#headerRow = true;
        break;
      case 'nestcell':
        this.#nestedCells.push(this.#rich.take().trim());
        break;
      case 'nestrow':
        this.#nestedRows.push(this.#nestedCells.join(' | '));
        this.#nestedCells = [];
        break;
      case 'cell':
        this.#cells.push(`${this.#nestedRows.join('; ')} ${this.#rich.take()}`);
        this.#nestedRows = [];
        break;
      case 'row':
        this.#endRow();
        break;
      case 'u':
        if (value !== undefined) this.#write(String.fromCharCode(value < 0 ? value + 65_536 : value));
        this.#toSkip = state.fallbackLength;
        break;
      case 'uc':
        state.fallbackLength = Math.max(0, Math.min(8, value ?? 1));
        break;
      case 'v':
        state.hidden = value !== 0;
        break;
      case 'deleted':
        state.deleted = value !== 0;
        break;
      case 'f':
        state.encoding = this.#encodings.fonts.get(value ?? -1) ?? this.#encodings.base;
        break;
      case 'footnote':
        this.#enter('note');
        break;
      case 'shptxt':
        this.#enter('box');
        break;
      default: {
        const symbol = SYMBOLS.get(name);
        if (symbol !== undefined) this.#character(symbol);
      }
    }
  }

  #enter(destination: 'note' | 'box'): void {
    const state = this.#state;
    if (state.destination === destination) return;
    state.inline ||= destination === 'note' || state.inTable;
    state.destination = destination;
    this.#before.push(this.#rich.take());
  }

  /** A note or a box is through: what stood before it goes on; a box's last paragraph may have no end. */
  #leave(destination: Destination): void {
    if (destination !== 'note' && destination !== 'box') return;
    const before = this.#before.pop() ?? '';
    const text = this.#rich.take();
    this.#rich.text(before);
    if (destination === 'note') this.#notes.push(text);
    else this.#rich.text(` ${text} `);
  }

  #endRow(): void {
    const rest = this.#rich.take();
    if (!this.#tableOpen) {
      this.#rich.text(rest);
      this.#rich.openTable();
      this.#tableOpen = true;
    }
    this.#rich.openRow();
    for (const cell of this.#cells) {
      this.#rich.openCell();
      this.#rich.text(cell);
      this.#rich.closeCell();
    }
    this.#rich.closeRow(this.#headerRow);
    this.#cells = [];
  }

  #closeTable(): void {
    if (!this.#tableOpen) return;
    const rest = this.#rich.take();
    this.#rich.closeTable();
    this.#rich.text(rest);
    this.#tableOpen = false;
  }

  #endPage(): void {
    this.#rich.finish();
    for (const note of this.#notes) this.#out.paragraph(note);
    this.#notes = [];
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    const bytes = Buffer.from(this.#pending);
    this.#pending = [];
    this.#write(this.#encodings.decode(bytes, this.#state.encoding));
  }

  /** A character that may be what readers without Unicode show instead of the one before. */
  #character(text: string): void {
    this.#flush();
    if (this.#toSkip > 0) this.#toSkip--;
    else this.#write(text);
  }

  #write(text: string): void {
    const { destination, hidden, deleted } = this.#state;
    if (destination === 'nowhere' || hidden || deleted) return;
    if (destination === 'marker') this.#marker += text;
    else if (destination === 'title') this.#title += text;
    else this.#rich.text(text);
  }

  #endParagraph(): void {
    this.#flush();
    const { destination, level, isItem, listDepth, inTable, inline } = this.#state;
    if (destination === 'nowhere' || destination === 'title' || destination === 'marker') return;
    const marker = this.#marker.trim();
    this.#marker = '';
    if (inline || inTable) {
      this.#write('\n');
      return;
    }
    this.#closeTable();
    if (level !== undefined && level < 9) {
      const text = this.#rich.take();
      if (text.trim() !== '' && NUMBER.test(marker)) this.#rich.text(`${marker} `);
      this.#rich.text(text);
      this.#rich.endHeading(level + 1);
    } else if (isItem || marker !== '') {
      this.#rich.endItem(NUMBER.test(marker) ? `${marker} ` : '- ', listDepth);
    } else this.#rich.endParagraph();
  }
}

/** What counts as a number: bullets are letters of fonts made of pictures. */
const NUMBER = /\d|\p{L}[.)]/u;

const SYMBOLS: ReadonlyMap<string, string> = new Map([
  ['tab', '\t'],
  ['line', '\n'],
  ['emdash', '—'],
  ['endash', '–'],
  ['lquote', '‘'],
  ['rquote', '’'],
  ['ldblquote', '“'],
  ['rdblquote', '”'],
  ['bullet', '•'],
  ['emspace', ' '],
  ['enspace', ' '],
  ['qmspace', ' '],
  ['zwj', '\u200d'],
  ['zwnj', '\u200c'],
]);
