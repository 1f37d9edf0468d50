import type { DocumentWriter } from './document-writer.ts';
import { readHtml } from './html.ts';
import { inline } from './markdown-inline.ts';

/**
 * Markdown by lines: headings, lists, fenced and indented code, tables, HTML, paragraphs. Comments go, except
 * in code. Every line is looked at a fixed number of times, so no input is slow.
 */
export function writeMarkdown(text: string, out: DocumentWriter): void {
  out.newPage();
  const lines = withoutComments(text.replace(/\r\n?/g, '\n').split('\n'));
  let i = frontMatter(lines, out);
  while (i < lines.length) {
    const line = lines[i]!;
    if (line.trim() === '') i++;
    else if (FENCE.test(line)) i = writeFence(lines, i, out);
    else if (/^(?: {4}|\t)/.test(line)) i = writeIndented(lines, i, out);
    else if (HEADING.test(line)) {
      const [, marks = '', title = ''] = HEADING.exec(line) ?? [];
      out.heading(inline(title.replace(/\s#+\s*$/, '')), marks.length);
      i++;
    } else if (RULE.test(line)) i++;
    else if (isTable(lines, i)) i = writeTable(lines, i, out);
    else if (ITEM.test(line)) i = writeList(lines, i, out);
    else if (HTML.test(line)) i = writeHtmlBlock(lines, i, out);
    else i = writeParagraph(lines, i, out);
  }
}

/** Backticks behind the opening ones make it code within a line. */
const FENCE = /^ {0,3}(`{3,}(?=[^`]*$)|~{3,})/;
/** CommonMark 0.31, 4.6: what begins with one of these is HTML, most of it up to the next empty line. */
const HTML =
  /^ {0,3}<\/?(address|article|aside|blockquote|body|center|dd|details|dialog|div|dl|dt|figcaption|figure|footer|form|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|nav|ol|p|pre|script|section|style|summary|svg|table|tbody|td|textarea|tfoot|th|thead|title|tr|ul)(?=[\s>]|\/>|$)/i;
/** Lines; each element that is not closed costs a look at as many. */
const LONGEST_ELEMENT = 500;
/** Empty lines do not end these. */
const CLOSED = new Set(['pre', 'script', 'style', 'svg', 'table', 'textarea']);
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+|$)(.*)$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const ITEM = /^([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(.*)$/;
const TABLE_RULE = /^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/** Only comments that end: an open one would hide the rest of the file. */
function withoutComments(lines: readonly string[]): string[] {
  const lastEnd = lines.findLastIndex((line) => line.includes('-->'));
  if (lastEnd === -1) return [...lines];
  let inComment = false;
  let fence: string | undefined;
  return lines.map((line, i) => {
    if (fence !== undefined) {
      if (line.trimStart().startsWith(fence)) fence = undefined;
      return line;
    }
    const lastEndHere = line.lastIndexOf('-->');
    let kept = '';
    let at = 0;
    while (at < line.length) {
      if (inComment) {
        const end = line.indexOf('-->', at);
        if (end === -1) return kept;
        inComment = false;
        at = end + 3;
      } else {
        const start = line.indexOf('<!--', at);
        const ends = start !== -1 && (i < lastEnd || start + 4 <= lastEndHere);
        // a comment between backticks is shown
        inComment = ends && line[start - 1] !== '`';
        const next = start === -1 ? line.length : start + 4;
        kept += line.slice(at, inComment ? start : next);
        at = next;
      }
    }
    fence = FENCE.exec(kept.trimStart())?.[1];
    return kept;
  });
}

/** YAML between `---` lines or TOML between `+++` lines at the very start; its title is the document's. */
function frontMatter(lines: readonly string[], out: DocumentWriter): number {
  const mark = lines[0]?.trim();
  if (mark !== '---' && mark !== '+++') return 0;
  const end = lines.findIndex((line, i) => i > 0 && (line.trimEnd() === mark || line.trimEnd() === '...'));
  if (end === -1 || end > 200) return 0;
  const fields = lines.slice(1, end);
  if (!fields.every((line) => /^\s*(?:[\w-]+\s*[:=]|-\s|#|\[|$)|^\s+/.test(line))) return 0;
  const field = (name: RegExp) => {
    for (const line of fields) {
      const [, key = '', value = ''] = /^([\w-]+)\s*[:=]\s*(.+)$/.exec(line) ?? [];
      if (name.test(key)) return value.trim().replace(/^(["'])(.*)\1$/, '$2');
    }
    return undefined;
  };
  out.title = field(/^title$/i);
  out.paragraph(field(/^(?:description|summary|subtitle)$/i) ?? '');
  return end + 1;
}

function writeFence(lines: readonly string[], start: number, out: DocumentWriter): number {
  const end = endOfFence(lines, start);
  out.code(lines.slice(start + 1, end).join('\n'));
  return end + 1;
}

/** The line that closes the fence at `start`; what stands before the fence may be a list's indentation. */
function endOfFence(lines: readonly string[], start: number): number {
  const fence = FENCE.exec(lines[start]!.trimStart())?.[1] ?? '```';
  let end = start + 1;
  while (end < lines.length && !lines[end]!.trimStart().startsWith(fence)) end++;
  return end;
}

function writeHtmlBlock(lines: readonly string[], start: number, out: DocumentWriter): number {
  const name = HTML.exec(lines[start]!)?.[1]?.toLowerCase() ?? '';
  const close = CLOSED.has(name)
    ? lines
        .slice(start, start + LONGEST_ELEMENT)
        .findIndex((line) => line.toLowerCase().includes(`</${name}`))
    : 0;
  let end = start + Math.max(0, close) + 1;
  while (end < lines.length && lines[end]!.trim() !== '') end++;
  readHtml(lines.slice(start, end).join('\n'), out, false);
  return end;
}

function writeIndented(lines: readonly string[], start: number, out: DocumentWriter): number {
  let end = start;
  while (end < lines.length && /^(?: {4}|\t|\s*$)/.test(lines[end]!)) end++;
  out.code(
    lines
      .slice(start, end)
      .map((line) => line.replace(/^(?: {4}|\t)/, ''))
      .join('\n'),
  );
  return end;
}

const isTable = (lines: readonly string[], at: number): boolean =>
  lines[at]!.includes('|') && TABLE_RULE.test(lines[at + 1] ?? '') && (lines[at + 1] ?? '').includes('-');

function writeTable(lines: readonly string[], start: number, out: DocumentWriter): number {
  let end = start + 2;
  while (end < lines.length && lines[end]!.includes('|') && lines[end]!.trim() !== '') end++;
  out.table(
    [lines[start]!, ...lines.slice(start + 2, end)].map((line) => tableCells(line).map(inline)),
    1,
  );
  return end;
}

function tableCells(line: string): string[] {
  const cells = line.trim().replace(/^\|/, '').replace(/\|$/, '').split('|');
  // an escaped bar belongs to its cell
  const joined: string[] = [];
  for (const cell of cells) {
    const last = joined.at(-1);
    if (last?.endsWith('\\')) joined[joined.length - 1] = `${last.slice(0, -1)}|${cell}`;
    else joined.push(cell);
  }
  return joined.map((cell) => cell.trim());
}

function writeList(lines: readonly string[], start: number, out: DocumentWriter): number {
  const items: { text: string; depth: number }[] = [];
  let i = start;
  for (; i < lines.length; i++) {
    const line = lines[i]!;
    const item = ITEM.exec(line);
    if (item !== null && !RULE.test(line)) {
      const [, indent = '', mark = '', text = ''] = item;
      const depth = Math.floor(indent.replaceAll('\t', '    ').length / 2);
      items.push({
        text: `${/\d/.test(mark) ? mark : '-'} ${inline(text.replace(/^\[[ xX]\]\s/, ''))}`,
        depth,
      });
    } else if (line.trim() === '') {
      // an empty line ends the list unless an item or an indented part of one follows
      const next = lines[i + 1] ?? '';
      if (!ITEM.test(next) && !/^(?: {2,}|\t)\S/.test(next)) break;
    } else if (FENCE.test(line.trimStart()) && /^\s/.test(line)) {
      const close = endOfFence(lines, i);
      items.at(-1)!.text += ` ${lines
        .slice(i + 1, close)
        .map((code) => code.trim())
        .join(' ')}`;
      i = close;
    } else if (HEADING.test(line) || FENCE.test(line) || RULE.test(line)) break;
    else items.at(-1)!.text += ` ${inline(line.trim())}`;
  }
  out.list(items);
  return i;
}

function writeParagraph(lines: readonly string[], start: number, out: DocumentWriter): number {
  let end = start + 1;
  while (end < lines.length) {
    const line = lines[end]!;
    const underline = /^ {0,3}(=+|-+)[ \t]*$/.exec(line);
    if (underline !== null) {
      out.heading(inline(lines.slice(start, end).join(' ')), underline[1]!.startsWith('=') ? 1 : 2);
      return end + 1;
    }
    if (
      line.trim() === '' ||
      HEADING.test(line) ||
      FENCE.test(line) ||
      HTML.test(line) ||
      ITEM.test(line) ||
      isTable(lines, end)
    )
      break;
    end++;
  }
  const text = lines
    .slice(start, end)
    .map((line) => line.replace(/^ {0,3}(?:> ?)+/, '').replace(/(?: {2,}|\\)$/, ''))
    .join('\n');
  // what only defines the targets of links is not text; notes are
  if (!/^(?:\s*\[(?!\^)[^\]\n]{1,200}\]:\s*\S+.*\n?)+$/.test(text)) out.paragraph(inline(text));
  return end;
}
