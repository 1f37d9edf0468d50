import type { CompoundFile } from './compound-file.ts';
import type { DocumentWriter } from './document-writer.ts';
import { broken, encrypted, unsupported } from './faults.ts';
import { RichText } from './rich-text.ts';

/** Word 97 to 2003 ([MS-DOC]): the text of the piece table, with its paragraphs, table cells and page breaks. */
export function readDoc(file: CompoundFile, word: Buffer, out: DocumentWriter): void {
  if (word.length < 0x1aa || word.readUInt16LE(0) !== 0xa5ec) throw broken('The Word document is damaged.');
  if (word.readUInt16LE(2) < 0xc1) throw unsupported('The file was written by Word 95 or earlier.');
  const flags = word.readUInt16LE(0x0a);
  if ((flags & 0x0100) !== 0) throw encrypted();
  const table = file.stream((flags & 0x0200) === 0 ? '0Table' : '1Table');
  if (table === undefined) throw broken('The Word document is damaged.');
  const text = pieces(word, table);
  out.newPage();
  // headers repeat on every page, comments are not the document's
  const lengths = LENGTHS_AT.map((at) => Math.max(0, word.readInt32LE(at)));
  const [body = 0, footnotes = 0, headers = 0, comments = 0, endnotes = 0, boxes = 0] = lengths;
  const rest = body + footnotes + headers + comments;
  writeText(text.slice(0, body + footnotes), out);
  writeText(text.slice(rest, rest + endnotes + boxes), out);
}

/** 2.5.4: how many characters body, footnotes, headers, comments, endnotes and text boxes have, in this order. */
const LENGTHS_AT = [0x4c, 0x50, 0x54, 0x5c, 0x60, 0x64];

/** 2.4.1: the document's characters, piece by piece, in the order of the text. */
function pieces(word: Buffer, table: Buffer): string {
  const start = word.readUInt32LE(0x1a2);
  const clx = table.subarray(start, start + word.readUInt32LE(0x1a6));
  let at = 0;
  while (clx[at] === 1) at += 3 + clx.readUInt16LE(at + 1);
  if (clx[at] !== 2) throw broken('The Word document is damaged.');
  const plc = clx.subarray(at + 5, at + 5 + clx.readUInt32LE(at + 1));
  const count = Math.floor((plc.length - 4) / 12);
  const parts: string[] = [];
  for (let i = 0; i < count; i++) {
    const length = plc.readUInt32LE((i + 1) * 4) - plc.readUInt32LE(i * 4);
    const position = plc.readUInt32LE((count + 1) * 4 + i * 8 + 2);
    const offset = position & 0x3fffffff;
    if ((position & 0x40000000) === 0) parts.push(word.toString('utf16le', offset, offset + length * 2));
    else parts.push(windows1252.decode(word.subarray(offset / 2, offset / 2 + length)));
  }
  return parts.join('');
}

const windows1252 = new TextDecoder('windows-1252');

/** 2.4.2 names the characters with a meaning of their own. */
function writeText(text: string, out: DocumentWriter): void {
  const rich = new RichText(out);
  let cells: string[] = [];
  /** Depth of fields, and whether their instruction is still being read. */
  const fields: boolean[] = [];
  const endRow = () => {
    if (!rich.inTable) rich.openTable();
    rich.openRow();
    for (const cell of cells) {
      rich.openCell();
      rich.text(cell);
      rich.closeCell();
    }
    rich.closeRow();
    cells = [];
  };
  const endParagraph = () => {
    if (cells.length > 0) {
      rich.text('\n');
      return;
    }
    // text behind a table ends it; before the next row's first mark there is none
    const text = rich.take();
    if (rich.inTable && text !== '') rich.closeTable();
    rich.text(text);
    rich.endParagraph();
  };
  for (const [part] of text.matchAll(PARTS)) {
    if (part === '\x13') fields.push(true);
    else if (part === '\x14') {
      if (fields.length > 0) fields[fields.length - 1] = false;
    } else if (part === '\x15') fields.pop();
    else if (fields.includes(true)) continue;
    else if (part === '\x07') {
      // two marks in a row: the second ends the row
      const cell = rich.take();
      if (cell === '' && cells.length > 0) endRow();
      else cells.push(cell);
    } else if (part === '\r' || part === '\x0c') {
      endParagraph();
      if (part === '\x0c' && cells.length === 0) {
        rich.finish();
        if (!out.pageIsEmpty) out.newPage();
      }
    } else if (part === '\x0b') rich.text('\n');
    else if (part === '\x1e') rich.text('-');
    else rich.text(part);
  }
  for (const cell of cells) rich.text(`${cell} `);
  rich.finish();
}

/** Marks one by one and what stands between them; other control characters stand for pictures and the like. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const PARTS = /[\x07\x0b-\x0d\x13-\x15\x1e]|[^\0-\x08\x0b-\x1f]+/g;
