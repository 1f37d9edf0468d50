import type { DocumentWriter } from './document-writer.ts';

/**
 * Plain text: empty lines divide paragraphs, form feeds divide pages. Lines that were wrapped by hand stay
 * as they are, so that verse, addresses and tables drawn with blanks keep their shape.
 */
export function writePlainText(text: string, out: DocumentWriter): void {
  const pages = text.replace(/\r\n?/g, '\n').split('\f');
  for (const [i, page] of pages.entries()) {
    if (i > 0 && page.trim() === '' && i === pages.length - 1) break;
    if (i > 0) out.newPage();
    for (const block of page.split(/\n[ \t]*(?:\n[ \t]*)+/)) writeBlock(block, out);
  }
}

function writeBlock(block: string, out: DocumentWriter): void {
  const lines = block.split('\n').filter((line) => line.trim() !== '');
  const [title, rule] = lines;
  if (
    lines.length === 2 &&
    title !== undefined &&
    rule !== undefined &&
    /^\s*(?:={3,}|-{3,})\s*$/.test(rule)
  ) {
    out.heading(title, rule.includes('=') ? 1 : 2);
    return;
  }
  if (
    lines.length > 0 &&
    lines.every((line) => LIST_ITEM.test(line) || /^\s{2,}/.test(line)) &&
    LIST_ITEM.test(lines[0]!)
  ) {
    out.list(items(lines));
    return;
  }
  // blanks inside lines that stand below each other are layout
  const drawn =
    lines.length > 1 && lines.filter((line) => /\S {3,}\S|\t/.test(line)).length > lines.length / 2;
  if (drawn) out.code(block);
  else out.paragraph(block);
}

const LIST_ITEM = /^\s*(?:[-*•+]|\d{1,3}[.)])\s+\S/;

function items(lines: readonly string[]): { text: string; depth: number }[] {
  const result: { text: string; depth: number }[] = [];
  for (const line of lines) {
    if (LIST_ITEM.test(line)) {
      const indent = line.length - line.trimStart().length;
      result.push({ text: line.trim().replace(/^[*•+]\s/, '- '), depth: Math.floor(indent / 2) });
    } else result.at(-1)!.text += ` ${line.trim()}`;
  }
  return result;
}

/** Source code: functions and paragraphs of comments are divided by empty lines; the layout stays. */
export function writeCode(text: string, out: DocumentWriter): void {
  let block: string[] = [];
  let length = 0;
  const flush = () => {
    out.code(block.join('\n'));
    block = [];
    length = 0;
  };
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    // an empty line before something at the margin ends what belongs together
    if (/^\S/.test(line) && block.at(-1)?.trim() === '' && length > 200) flush();
    block.push(line);
    length += line.length + 1;
  }
  flush();
}
