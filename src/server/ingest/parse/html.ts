import { Parser } from 'htmlparser2';
import type { DocumentWriter } from './document-writer.ts';
import { RichText } from './rich-text.ts';

/** Never text for a reader. */
const DROPPED = new Set(
  'script style noscript template svg canvas iframe object embed audio video select option button textarea datalist dialog map'.split(
    ' ',
  ),
);
/** Around the content rather than part of it; kept when nothing else is there. */
const FRAME = new Set(['nav', 'footer', 'aside', 'menu']);
const FRAME_ROLES = new Set(['navigation', 'banner', 'contentinfo', 'search', 'complementary']);
const BLOCKS = new Set(
  'p div section article main header footer aside nav figure figcaption blockquote address details summary dl dt dd form fieldset legend hr center body html ul ol menu caption'.split(
    ' ',
  ),
);

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
  const rich = new RichText(out);
  const lists: { ordered: boolean; count: number }[] = [];
  const open: { dropped: boolean; inContent: boolean }[] = [];
  let dropped = 0;
  let pre = 0;
  let title: string[] | undefined;
  let itemOpen = false;
  let headerCells = 0;
  let dataCells = 0;

  const endBlock = () => {
    if (pre > 0) return;
    if (itemOpen) {
      const list = lists.at(-1);
      rich.endItem(list?.ordered ? `${list.count}. ` : '- ', Math.max(0, lists.length - 1));
      itemOpen = false;
    } else rich.endParagraph();
  };

  const parser = new Parser(
    {
      onopentag(name, attributes) {
        if (open.length >= MAX_DEPTH) throw new TooDeep();
        const parent = open.at(-1);
        const inContent = (parent?.inContent ?? false) || name === 'main' || name === 'article';
        const drop = isDropped(name, attributes) || (dropFrame && isFrame(name, attributes, inContent));
        open.push({ dropped: drop, inContent });
        if (name === 'title' && dropped === 0) title = [];
        if (drop) dropped++;
        if (dropped > 0) return;
        if (name === 'br') rich.text('\n');
        else if (name === 'img') rich.text(` ${(attributes['alt'] ?? '').slice(0, 500)} `);
        else if (name === 'pre') {
          endBlock();
          pre++;
        } else if (name === 'ul' || name === 'ol') {
          endBlock();
          lists.push({ ordered: name === 'ol', count: 0 });
        } else if (name === 'li') {
          endBlock();
          const list = lists.at(-1);
          if (list !== undefined) list.count++;
          itemOpen = true;
        } else if (name === 'table') {
          endBlock();
          rich.openTable();
        } else if (name === 'tr') {
          rich.openRow();
          headerCells = 0;
          dataCells = 0;
        } else if (name === 'td' || name === 'th') {
          rich.openCell();
          if (name === 'th') headerCells++;
          else dataCells++;
        } else if (HEADING.test(name)) endBlock();
        else if (BLOCKS.has(name) && !(itemOpen && name === 'p')) {
          if (!itemOpen || name !== 'div') endBlock();
        }
      },
      ontext(text) {
        if (title !== undefined) title.push(text);
        // line ends in the source are blanks; the ones that count come from `br` and `pre`
        else if (dropped === 0) rich.text(pre > 0 ? text : text.replace(/\s+/g, ' '));
      },
      onclosetag(name) {
        const element = open.pop();
        if (name === 'title' && title !== undefined) {
          out.title ??= title.join('').trim() || undefined;
          title = undefined;
        }
        if (element?.dropped) {
          dropped--;
          return;
        }
        if (dropped > 0) return;
        if (name === 'pre') {
          pre = Math.max(0, pre - 1);
          if (pre === 0) rich.endCode();
        } else if (HEADING.test(name)) {
          itemOpen = false;
          rich.endHeading(Number(name[1]));
        } else if (name === 'li') {
          endBlock();
          itemOpen = false;
        } else if (name === 'ul' || name === 'ol') {
          endBlock();
          lists.pop();
        } else if (name === 'td' || name === 'th') {
          itemOpen = false;
          rich.closeCell();
        } else if (name === 'tr') rich.closeRow(headerCells > 0 && dataCells === 0);
        else if (name === 'table') {
          rich.closeTable();
          itemOpen = false;
        } else if (name === 'title') return;
        else if (BLOCKS.has(name) && !itemOpen) endBlock();
        else if (itemOpen && (name === 'p' || name === 'div')) rich.text(' ');
      },
    },
    { decodeEntities: true, lowerCaseTags: true, lowerCaseAttributeNames: true, recognizeSelfClosing: true },
  );
  try {
    // bits at a time: the parser looks at its whole rest for each tag
    for (let at = 0; at < html.length; at += 65_536) parser.write(html.slice(at, at + 65_536));
    parser.end();
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    rich.text(html.slice(parser.startIndex).replace(/<[^<>]{0,2000}>/g, ' '));
  }
  if (pre > 0) rich.endCode();
  endBlock();
  rich.finish();
}

/**
 * Pages nest some 50 elements. The parser's time grows with the square of the depth, so what lies deeper is
 * read as text without its tags.
 */
const MAX_DEPTH = 2000;
class TooDeep extends Error {}

const HEADING = /^h[1-6]$/;

function isDropped(name: string, attributes: Readonly<Record<string, string>>): boolean {
  if (DROPPED.has(name)) return true;
  if ('hidden' in attributes || attributes['aria-hidden'] === 'true') return true;
  const style = attributes['style'];
  return (
    style !== undefined &&
    /display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px|pt|em|%)?\s*(?:;|$)/i.test(style)
  );
}

function isFrame(name: string, attributes: Readonly<Record<string, string>>, inContent: boolean): boolean {
  if (FRAME.has(name)) return name === 'nav' || name === 'menu' || !inContent || name === 'aside';
  if (name === 'header') return !inContent;
  const role = attributes['role'];
  return role !== undefined && FRAME_ROLES.has(role);
}
