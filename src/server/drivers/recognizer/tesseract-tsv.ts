import type { RecognizedLine, RecognizedPage, RecognizedWord } from '../../ports/recognizer.ts';

const PAGE = '1';
const LINE = '4';
const WORD = '5';

interface Page {
  readonly width: number;
  readonly height: number;
  readonly lines: { readonly words: RecognizedWord[] }[];
}

/**
 * Tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence (0 to 100),
 * text. A row of a higher level stands before those inside of it.
 */
export function readTsv(tsv: string): RecognizedPage[] {
  const pages: Page[] = [];
  for (const row of tsv.split('\n').slice(1)) {
    const [level, , , , , , left, top, width, height, confidence, text] = row.split('\t');
    const box = { left: Number(left), top: Number(top), width: Number(width), height: Number(height) };
    if (level === PAGE) pages.push({ width: box.width, height: box.height, lines: [] });
    else if (level === LINE) pages.at(-1)?.lines.push({ words: [] });
    else if (level === WORD && text !== undefined && text.trim() !== '')
      pages
        .at(-1)
        ?.lines.at(-1)
        ?.words.push({
          text: text.trim(),
          confidence: Math.min(1, Math.max(0, Number(confidence) / 100)),
          left: box.left,
          right: box.left + box.width,
          top: box.top,
          bottom: box.top + box.height,
        });
  }
  return pages.map(({ lines, ...size }) => ({ ...size, lines: lines.filter(hasWords) }));
}

const hasWords = ({ words }: RecognizedLine): boolean => words.length > 0;
