import { Parser } from 'htmlparser2';
import type { DocumentWriter } from './document-writer.ts';
import { isBanner, isBlock, isDropped, isFrame, isHeading } from './html-elements.ts';
import { RichText } from './rich-text.ts';

/**
 * HTML as one page: headings, paragraphs, lists, code and tables of the content. Scripts, styles, hidden
 * parts and the frame of a site (navigation, side columns, foot) are left out; if that leaves nothing, the
 * frame is the content.
 */
export function writeHtml(html: string, out: DocumentWriter): void {
  out.newPage();
  readHtml(html, out, true);
  if (out.pageIsEmpty) readHtml(html, out, false);
}

/** @param dropFrame false for chapters of a book, whose `aside` and `footer` hold notes. */
export function readHtml(html: string, out: DocumentWriter, dropFrame: boolean): void {
  const page = new Page(out, dropFrame);
  const parser = new Parser(page, {
    decodeEntities: true,
    lowerCaseTags: true,
    lowerCaseAttributeNames: true,
    recognizeSelfClosing: true,
  });
  try {
    // bits at a time: the parser looks at its whole rest for each tag
    for (let at = 0; at < html.length; at += 65_536) parser.write(html.slice(at, at + 65_536));
    parser.end();
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    page.ontext(withoutTags(html.slice(parser.startIndex)));
  }
  page.finish();
}

/**
 * Pages nest some 50 elements. The parser's time grows with the square of the depth, so what lies deeper is
 * read as text without its tags.
 */
const MAX_DEPTH = 2000;
class TooDeep extends Error {}

const withoutTags = (html: string): string => html.replace(/<[^<>]{0,2000}>/g, ' ');

/** An element that is open, with what its insides inherit. */
interface Element {
  /** `title`: nothing but a heading of the first level, which brings the reading back. */
  readonly reads: 'text' | 'title' | 'nothing';
  readonly inContent: boolean;
  readonly inHeading: boolean;
  readonly inTableHead: boolean;
  /** The parser gives its insides as one text, tags and all. */
  readonly isRaw: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

const OUTSIDE: Element = {
  reads: 'text',
  inContent: false,
  inHeading: false,
  inTableHead: false,
  isRaw: false,
  attributes: {},
};

class Page {
  readonly #out: DocumentWriter;
  readonly #dropFrame: boolean;
  readonly #rich: RichText;
  readonly #open: Element[] = [];
  readonly #lists: { readonly ordered: boolean; count: number }[] = [];
  #inItem = false;
  #preformatted = 0;
  #title: string[] | undefined;

  constructor(out: DocumentWriter, dropFrame: boolean) {
    this.#out = out;
    this.#dropFrame = dropFrame;
    this.#rich = new RichText(out);
  }

  onopentag(name: string, attributes: Readonly<Record<string, string>>): void {
    if (this.#open.length >= MAX_DEPTH) throw new TooDeep();
    const parent = this.#open.at(-1) ?? OUTSIDE;
    const inContent = parent.inContent || name === 'main' || name === 'article';
    const reads = this.#reads(name, attributes, parent, inContent);
    this.#open.push({
      reads,
      inContent,
      inHeading: parent.inHeading || isHeading(name),
      inTableHead: name === 'thead' || (parent.inTableHead && name !== 'table'),
      isRaw: name === 'noframes',
      attributes,
    });
    if (name === 'title' && reads !== 'nothing') this.#title = [];
    if (reads === 'text') this.#begin(name, attributes);
  }

  ontext(text: string): void {
    const { reads, isRaw } = this.#open.at(-1) ?? OUTSIDE;
    if (this.#title !== undefined) this.#title.push(text);
    else if (reads !== 'text') return;
    else if (this.#preformatted > 0) this.#rich.text(text);
    // line ends in the source are blanks; the ones that count come from `br` and `pre`
    else this.#rich.text((isRaw ? withoutTags(text) : text).replace(/\s+/g, ' '));
  }

  onclosetag(name: string): void {
    const element = this.#open.pop() ?? OUTSIDE;
    if (name === 'title' && this.#title !== undefined) {
      this.#out.title ??= this.#title.join('').trim() || undefined;
      this.#title = undefined;
    } else if (element.reads === 'text') this.#end(name, element);
  }

  finish(): void {
    if (this.#preformatted > 0) this.#rich.endCode();
    this.#preformatted = 0;
    this.#endBlock();
    this.#rich.finish();
  }

  #reads(
    name: string,
    attributes: Element['attributes'],
    parent: Element,
    inContent: boolean,
  ): Element['reads'] {
    if (parent.reads === 'nothing' || isDropped(name, attributes, parent.inHeading)) return 'nothing';
    if (!this.#dropFrame) return 'text';
    if (isFrame(name, attributes, inContent)) return 'nothing';
    if (isBanner(name, attributes, inContent)) return 'title';
    return parent.reads === 'title' && name === 'h1' ? 'text' : parent.reads;
  }

  #begin(name: string, attributes: Element['attributes']): void {
    switch (name) {
      case 'br':
        this.#rich.text('\n');
        break;
      case 'img':
        this.#rich.text(` ${(attributes['alt'] ?? '').slice(0, 500)} `);
        break;
      case 'q':
        this.#rich.text('“');
        break;
      case 'pre':
        this.#endBlock();
        this.#preformatted++;
        break;
      case 'ul':
      case 'ol':
        this.#endBlock();
        this.#lists.push({ ordered: name === 'ol', count: number(attributes['start'], 1) - 1 });
        break;
      case 'li': {
        this.#endBlock();
        const list = this.#lists.at(-1);
        if (list !== undefined) list.count = number(attributes['value'], list.count + 1);
        this.#inItem = true;
        break;
      }
      case 'table':
        this.#endBlock();
        this.#rich.openTable();
        break;
      case 'tr':
        this.#rich.openRow();
        break;
      case 'td':
      case 'th':
        this.#rich.openCell();
        break;
      default:
        if (isHeading(name)) this.#endBlock();
        else if (isBlock(name)) this.#divide(name);
    }
  }

  #end(name: string, { attributes, inTableHead }: Element): void {
    switch (name) {
      case 'q':
        this.#rich.text('”');
        break;
      case 'pre':
        this.#preformatted = Math.max(0, this.#preformatted - 1);
        if (this.#preformatted === 0) this.#rich.endCode();
        break;
      case 'ul':
      case 'ol':
        this.#endBlock();
        this.#lists.pop();
        break;
      case 'li':
        this.#endBlock();
        break;
      case 'td':
      case 'th':
        this.#endBlock();
        this.#rich.closeCell(
          number(attributes['colspan'], 1),
          number(attributes['rowspan'], 1),
          name === 'th' || inTableHead,
        );
        break;
      case 'tr':
        this.#rich.closeRow();
        break;
      case 'table':
        this.#endBlock();
        this.#rich.closeTable();
        break;
      default:
        if (isHeading(name)) {
          this.#inItem = false;
          this.#rich.endHeading(Number(name[1]));
        } else if (isBlock(name)) this.#divide(name);
    }
  }

  /** Where a block begins or ends. The paragraphs of a list item are one text. */
  #divide(name: string): void {
    if (this.#preformatted > 0) this.#rich.newLine();
    else if (this.#inItem && (name === 'p' || name === 'div' || this.#rich.isBlank)) this.#rich.text(' ');
    else this.#endBlock();
  }

  #endBlock(): void {
    if (this.#preformatted > 0) return;
    const list = this.#lists.at(-1);
    if (this.#inItem) {
      this.#rich.endItem(list?.ordered ? `${list.count}. ` : '- ', Math.max(0, this.#lists.length - 1));
    } else this.#rich.endParagraph();
    this.#inItem = false;
  }
}

function number(text: string | undefined, otherwise: number): number {
  const value = Number.parseInt(text ?? '', 10);
  return Number.isNaN(value) ? otherwise : value;
}
