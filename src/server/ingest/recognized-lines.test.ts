import { expect, test } from 'vitest';
import type { RecognizedPage, RecognizedWord } from '../ports/recognizer.ts';
import { linesOf } from './recognized-lines.ts';

const WIDTH = 1000;
const HEIGHT = 1400;

const word = (text: string, left: number, top: number, confidence = 0.95, height = 30): RecognizedWord => ({
  text,
  confidence,
  left,
  right: left + 20 * text.length,
  top,
  bottom: top + height,
});
/** Words one after the other, with a space of 20 pixels between them. */
function line(text: string, left: number, top: number, confidence?: number) {
  let at = left;
  const words = text.split(' ').map((part) => {
    const made = word(part, at, top, confidence);
    at = made.right + 20;
    return made;
  });
  return { words };
}
const page = (...lines: RecognizedPage['lines']): RecognizedPage => ({ width: WIDTH, height: HEIGHT, lines });
const texts = (read: RecognizedPage) =>
  linesOf(read).lines.map(({ cells }) => cells.map((cell) => cell.text).join(' | '));

test('a line of noise is left out, and a page of noise is empty', () => {
  const clear = line('The gasket is replaced every year', 50, 100);
  const noise = line('pees [ee', 50, 200, 0.33);
  expect(texts(page(clear, noise))).toEqual(['The gasket is replaced every year']);
  expect(texts(page(noise, noise, noise, noise, noise, line('ok', 50, 400)))).toEqual([]);
});

test('wide gaps divide cells, and a word that is divided at the end of a line is marked', () => {
  const row = { words: [word('Bolt', 50, 100), word('M8', 400, 100), word('12.50', 700, 100)] };
  const read = linesOf(page(row, line('a very long sen-', 50, 200)));
  expect(read.lines[0]!.cells.map(({ text }) => text)).toEqual(['Bolt', 'M8', '12.50']);
  expect(read.lines[1]).toMatchObject({ cells: [{ text: 'a very long sen' }], hyphenated: true });
});

test('only letters that are clearly larger are another size', () => {
  const title = { words: [word('Pumps', 50, 20, 0.95, 60)] };
  const flat = { words: [word('moss', 50, 100, 0.95, 24)] };
  const tall = { words: [word('bolts', 50, 150), word('and', 200, 150)] };
  const read = linesOf(page(title, flat, tall, tall, tall));
  expect(read.lines.map(({ size }) => size)).toEqual([60, 30, 30, 30, 30]);
});

test.each([
  [
    1,
    ({ left, right, top, bottom }: RecognizedWord) => ({
      left: HEIGHT - bottom,
      right: HEIGHT - top,
      top: left,
      bottom: right,
    }),
  ],
  [
    2,
    ({ left, right, top, bottom }: RecognizedWord) => ({
      left: WIDTH - right,
      right: WIDTH - left,
      top: HEIGHT - bottom,
      bottom: HEIGHT - top,
    }),
  ],
  [
    3,
    ({ left, right, top, bottom }: RecognizedWord) => ({
      left: top,
      right: bottom,
      top: WIDTH - right,
      bottom: WIDTH - left,
    }),
  ],
])('a page turned by %i quarters is turned back', (quarters, turn) => {
  const upright = page(
    line('The gasket is replaced every year', 50, 100),
    line('by the owner of the pump', 50, 150),
    line('or by a mechanic', 50, 200),
  );
  const turned: RecognizedPage = {
    ...(quarters === 2 ? { width: WIDTH, height: HEIGHT } : { width: HEIGHT, height: WIDTH }),
    lines: upright.lines.map(({ words }) => ({ words: words.map((w) => ({ ...w, ...turn(w) })) })),
  };
  expect(linesOf(turned)).toEqual(linesOf(upright));
});

test('text that is written from right to left is not taken for a page on its head', () => {
  const words = ['مرحبا', 'بكم', 'في', 'البيت'].map((text, i) => word(text, 800 - 200 * i, 100));
  const next = words.map((w) => ({ ...w, top: w.top + 60, bottom: w.bottom + 60 }));
  const read = linesOf(page({ words }, { words: next }));
  expect(read.lines[0]!.top).toBe(100);
  expect(read.lines[0]!.cells[0]!.text).toBe('مرحبا');
});
