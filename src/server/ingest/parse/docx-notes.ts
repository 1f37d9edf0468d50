import { attribute, readXml } from './xml.ts';
import type { ZipArchive } from './zip.ts';

/** Elements whose content is not text of the document as it stands. */
export const SKIPPED = new Set([
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
  // the reading of a word above it (17.3.3)
  'rt',
]);

/** Adds the texts of notes to `notes`, by kind and id: `footnote/2`. */
export async function readNotes(
  zip: ZipArchive,
  part: string,
  kind: 'footnote' | 'endnote',
  notes: Map<string, string>,
): Promise<void> {
  let id: string | undefined;
  let text: string[] = [];
  let inText = false;
  await readXml(zip.stream(part), {
    skips: (name) => SKIPPED.has(name),
    open(name, attributes) {
      if (name === kind) {
        // separators between text and notes are notes of a type
        id = attribute(attributes, 'type') === undefined ? attribute(attributes, 'id') : undefined;
        text = [];
      } else if (name === 't') inText = true;
      else if (name === 'tab' || name === 'br') text.push(' ');
    },
    text(part) {
      if (inText) text.push(part);
    },
    close(name) {
      if (name === 't') inText = false;
      else if (name === 'p') text.push('\n');
      else if (name === kind && id !== undefined) notes.set(`${kind}/${id}`, text.join(''));
    },
  });
}
