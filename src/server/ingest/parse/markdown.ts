import type { DocumentWriter } from './document-writer.ts';

/**
 * Markdown by lines: headings, lists, fenced and indented code, tables, paragraphs. Marks of emphasis and
 * addresses of links go, since they are not what a reader sees; everything else stays as it was written.
 * Every line is looked at a fixed number of times, so no input is slow.
 */
export function writeMarkdown(text: string, out: DocumentWriter): void {
  out.newPage();
  const lines = withoutComments(text.replace(/\r\n?/g, '\n')).split('\n');
  let i = frontMatter(lines, out);
  while (i < lines.length) {
    const line = lines[i]!;
    const fence = FENCE.exec(line);
    if (line.trim() === '') i++;
    else if (fence !== null) i = writeFence(lines, i, fence[1]!, out);
    else if (/^(?: {4}|\t)/.test(line)) i = writeIndented(lines, i, out);
    else if (HEADING.test(line)) {
      const [, marks = '', title = ''] = HEADING.exec(line) ?? [];
      out.heading(inline(title.replace(/\s#+\s*$/, '')), marks.length);
      i++;
    } else if (RULE.test(line)) i++;
    else if (isTable(lines, i)) i = writeTable(lines, i, out);
    else if (ITEM.test(line)) i = writeList(lines, i, out);
    else i = writeParagraph(lines, i, out);
  }
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?:[ \t]+|$)(.*)$/;
const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
const ITEM = /^([ \t]*)([-*+]|\d{1,9}[.)])[ \t]+(.*)$/;
const TABLE_RULE = /^[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;

/** Only comments that end: an open one would hide the rest of the file. */
function withoutComments(text: string): string {
  const parts: string[] = [];
  let at = 0;
  for (let start = text.indexOf('<!--'); start !== -1; start = text.indexOf('<!--', at)) {
    const end = text.indexOf('-->', start + 4);
    if (end === -1) break;
    parts.push(text.slice(at, start));
    at = end + 3;
  }
  return parts.join('') + text.slice(at);
}

/** YAML between `---` lines at the very start; its title is the document's. */
function frontMatter(lines: readonly string[], out: DocumentWriter): number {
  if (lines[0]?.trim() !== '---') return 0;
  const end = lines.findIndex((line, i) => i > 0 && /^(?:---|\.\.\.)\s*$/.test(line));
  if (end === -1 || end > 200) return 0;
  const fields = lines.slice(1, end);
  if (!fields.every((line) => /^\s*(?:[\w-]+\s*:|-\s|#|$)|^\s+/.test(line))) return 0;
  const title = fields
    .map((line) => /^title\s*:\s*(.+)$/i.exec(line)?.[1])
    .find((value) => value !== undefined);
  out.title = title?.trim().replace(/^(["'])(.*)\1$/, '$2');
  const description = fields
    .map((line) => /^(?:description|summary|subtitle)\s*:\s*(.+)$/i.exec(line)?.[1])
    .find((value) => value !== undefined);
  if (description !== undefined) out.paragraph(description.trim().replace(/^(["'])(.*)\1$/, '$2'));
  return end + 1;
}

function writeFence(lines: readonly string[], start: number, fence: string, out: DocumentWriter): number {
  let end = start + 1;
  while (end < lines.length && !lines[end]!.trimStart().startsWith(fence)) end++;
  out.code(lines.slice(start + 1, end).join('\n'));
  return end + 1;
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
    } else if (HEADING.test(line) || FENCE.test(line)) break;
    else items.at(-1)!.text += ` ${inline(line.trim())}`;
  }
  out.list(items);
  return i;
}

function endOfFence(lines: readonly string[], start: number): number {
  const fence = FENCE.exec(lines[start]!.trimStart())?.[1] ?? '```';
  let end = start + 1;
  while (end < lines.length && !lines[end]!.trimStart().startsWith(fence)) end++;
  return end;
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
  // what is only a definition of link targets or a directive is not text
  if (!/^(?:\s*\[[^\]\n]{1,200}\]:\s*\S+.*\n?)+$/.test(text)) out.paragraph(inline(text));
  return end;
}

/** Bounded repetitions keep each of these linear. */
function inline(text: string): string {
  if (!/[*_`[\]<\\~&]/.test(text)) return text;
  return text
    .replace(/!\[([^\]\n]{0,300})\]\([^()\n]{0,600}\)/g, '$1')
    .replace(/\[([^[\]\n]{1,500})\]\([^()\n]{0,600}\)/g, '$1')
    .replace(/\[([^[\]\n]{1,500})\]\[[^[\]\n]{0,200}\]/g, '$1')
    .replace(/<(https?:\/\/[^<>\s]{1,500})>/g, '$1')
    .replace(
      /<\/?(?:a|b|i|em|strong|code|sub|sup|span|br|p|div|img|kbd|small|u|s|del|ins|details|summary|center|font|picture|source)(?:\s[^<>\n]{0,500})?\/?>/gi,
      ' ',
    )
    .replace(/(^|[^\w*])(\*{1,3})(?=\S)([^*\n]{0,500}[^*\s])\2(?!\w)/g, '$1$3')
    .replace(/(^|[^\w_])(_{1,3})(?=\S)([^_\n]{0,500}[^_\s])\2(?!\w)/g, '$1$3')
    .replace(/~~([^~\n]{1,500})~~/g, '$1')
    .replace(/(`{1,2})([^`\n]{1,500})\1/g, '$2')
    .replace(/\\([\\`*_{}[\]()#+\-.!|<>~])/g, '$1')
    .replace(/&(amp|lt|gt|quot|nbsp|#39);/g, (_, name: string) => ENTITIES[name] ?? '');
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  nbsp: ' ',
  '#39': "'",
};
