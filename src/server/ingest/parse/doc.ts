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
  // notes and text boxes come after the body; headers (repeated on every page) lie between them
  const lengths = [0x4c, 0x50, 0x54].map((at) => word.readInt32LE(at));
  const [body = 0, footnotes = 0, headers = 0] = lengths;
  out.newPage();
  writeText(text.slice(0, body + footnotes), out);
  writeText(text.slice(body + footnotes + headers), out);
}

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
    else parts.push(decodeCompressed(word.subarray(offset / 2, offset / 2 + length)));
  }
  return parts.join('');
}

const windows1252 = new TextDecoder('windows-1252');
const decodeCompressed = (bytes: Buffer): string => windows1252.decode(bytes);

/** 2.4.2 names the characters with a meaning of their own. */
function writeText(text: string, out: DocumentWriter): void {
  const rich = new RichText(out);
  let cells: string[] = [];
  let inTable = false;
  /** Depth of fields, and whether their instruction is still being read. */
  const fields: boolean[] = [];
  for (const char of text) {
    if (char === '\x13') fields.push(true);
    else if (char === '\x14') fields[fields.length - 1] = false;
    else if (char === '\x15') fields.pop();
    else if (fields.includes(true)) continue;
    else if (char === '\x07') {
      // two marks in a row: the second ends the row
      const cell = rich.take();
      if (cell === '' && cells.length > 0) {
        if (!inTable) rich.openTable();
        inTable = true;
        rich.openRow();
        for (const text of cells) {
          rich.openCell();
          rich.text(text);
          rich.closeCell();
        }
        rich.closeRow();
        cells = [];
      } else cells.push(cell);
    } else if (char === '\r' || char === '\x0c') {
      if (inTable && cells.length === 0) {
        // the paragraph's text stands after the table, or in its next row: only a cell mark would tell
        const rest = rich.take();
        if (!isNextRow(rest)) {
          rich.closeTable();
          inTable = false;
        }
        rich.text(rest);
      }
      if (cells.length > 0) rich.text('\n');
      else rich.endParagraph();
      if (char === '\x0c' && !inTable && cells.length === 0) {
        rich.finish();
        if (!out.pageIsEmpty) out.newPage();
      }
    } else if (char === '\x0b') rich.text('\n');
    else if (char === '\x1e') rich.text('-');
    else if (char >= ' ' || char === '\t') rich.text(char);
  }
  for (const cell of cells) rich.text(`${cell} `);
  rich.finish();
}

const isNextRow = (text: string): boolean => text === '';
