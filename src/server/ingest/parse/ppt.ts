import type { CompoundFile } from './compound-file.ts';
import type { DocumentWriter } from './document-writer.ts';
import { encrypted } from './faults.ts';

const SLIDE_LIST = 4080;
const SLIDE_PERSIST = 1011;
const TEXT_HEADER = 3999;
const TEXT_CHARS = 4000;
const TEXT_BYTES = 4008;
const CRYPT = 12_052;
const MAX_DEPTH = 40;

/**
 * PowerPoint 97 to 2003 ([MS-PPT]): the outline text of each slide from the document's slide list, then what
 * stands in shapes of their own. A slide of the list is a page.
 */
export function readPpt(file: CompoundFile, stream: Buffer, out: DocumentWriter): void {
  if (isCrypted(file)) throw encrypted();
  const loose: string[] = [];
  const seen = new Set<string>();
  let slides = 0;
  let kind = 4;
  walk(stream, 0, stream.length, 0, false, (type, data, inList) => {
    if (type === CRYPT) throw encrypted();
    if (type === SLIDE_PERSIST && inList) {
      out.newPage();
      slides++;
    } else if (type === TEXT_HEADER && data.length >= 4) kind = data.readUInt32LE(0);
    else if (type === TEXT_CHARS || type === TEXT_BYTES) {
      const text = data.toString(type === TEXT_CHARS ? 'utf16le' : 'latin1').replace(/[\r\v]/g, '\n');
      if (!inList) loose.push(text);
      else {
        seen.add(text);
        if (slides === 0) return;
        if (kind === 0 || kind === 6) out.heading(text, 1);
        else for (const paragraph of text.split('\n')) out.paragraph(paragraph);
      }
    }
  });
  const rest = loose.filter((text) => !seen.has(text) && !/^(?:\*|Click to edit)/.test(text));
  if (slides === 0) out.newPage();
  for (const text of new Set(rest)) out.paragraph(text);
}

function isCrypted(file: CompoundFile): boolean {
  const user = file.stream('Current User');
  return user !== undefined && user.length >= 16 && user.readUInt32LE(12) === 0xf3d1c4df;
}

/** 2.3.1: records with version 15 hold records. The first slide list is the slides', later ones masters' and notes'. */
function walk(
  bytes: Buffer,
  start: number,
  end: number,
  depth: number,
  inList: boolean,
  visit: (type: number, data: Buffer, inList: boolean) => void,
): void {
  let at = start;
  while (at + 8 <= end) {
    const version = bytes.readUInt16LE(at);
    const type = bytes.readUInt16LE(at + 2);
    const bodyEnd = Math.min(end, at + 8 + bytes.readUInt32LE(at + 4));
    if ((version & 0xf) === 0xf && depth < MAX_DEPTH) {
      const isSlides = type === SLIDE_LIST && version >> 4 === 0;
      walk(bytes, at + 8, bodyEnd, depth + 1, inList || isSlides, visit);
    } else visit(type, bytes.subarray(at + 8, bodyEnd), inList);
    at = bodyEnd;
  }
}
