import { describe, expect, test } from 'vitest';
import type { Block, ParsedPage } from '../ports/parser.ts';
import { estimateTokens } from '../text/estimate-tokens.ts';
import { type Chunk, chunkDocument, MAX_TOKENS, TARGET_TOKENS } from './chunk.ts';

type Part = [kind: Block['kind'] | 1 | 2 | 3, text: string, header?: string];

/** Builds a page from its blocks; a number is a heading's level. */
function page(number: number, ...parts: Part[]): ParsedPage {
  let text = '';
  const blocks: Block[] = [];
  for (const [kind, body, header] of parts) {
    if (text !== '') text += '\n\n';
    const start = text.length;
    text += header === undefined ? body : `${header}\n${body}`;
    const span = { start, end: text.length };
    if (typeof kind === 'number') blocks.push({ kind: 'heading', level: kind, ...span });
    else if (kind === 'table')
      blocks.push({ kind, ...span, ...(header === undefined ? {} : { headerEnd: start + header.length }) });
    else if (kind !== 'heading') blocks.push({ kind, ...span });
  }
  return { number, text, blocks };
}
const words = (count: number, word = 'plain') => Array.from({ length: count }, () => word).join(' ');
const sentences = (count: number, length = 12) =>
  Array.from({ length: count }, (_, i) => `Sentence ${i} ${words(length)}.`).join(' ');
const texts = (chunks: Chunk[]) => chunks.map(({ text }) => text);

describe('structure', () => {
  test('short paragraphs of a section share one chunk', () => {
    const chunks = chunkDocument([
      page(1, ['paragraph', words(50)], ['paragraph', words(60)], ['list', '- one\n- two']),
    ]);
    expect(chunks.length).toBe(1);
    expect(chunks[0]).toMatchObject({ seq: 0, page: 1, start: 0, headingPath: [], tableHeader: null });
  });

  test('a heading of level 1 or 2 begins a chunk, however short the one before is', () => {
    const chunks = chunkDocument([
      page(
        1,
        [1, 'Guide'],
        ['paragraph', 'Intro.'],
        [2, 'Setup'],
        ['paragraph', 'Do this.'],
        [2, 'Use'],
        ['paragraph', 'Do that.'],
      ),
    ]);
    expect(texts(chunks)).toEqual(['Guide\n\nIntro.', 'Setup\n\nDo this.', 'Use\n\nDo that.']);
    expect(chunks.map(({ headingPath }) => headingPath)).toEqual([
      ['Guide'],
      ['Guide', 'Setup'],
      ['Guide', 'Use'],
    ]);
  });

  test('a bare heading stays with the section below it, not with the one beside it', () => {
    const chunks = chunkDocument([
      page(1, [1, 'Empty'], [1, 'Guide'], [2, 'Setup'], ['paragraph', 'Do this.'], [2, 'Last']),
      page(2, ['paragraph', 'Over the page.']),
    ]);
    expect(texts(chunks)).toEqual(['Empty', 'Guide\n\nSetup\n\nDo this.', 'Last', 'Over the page.']);
    expect(chunks[1]?.headingPath).toEqual(['Guide', 'Setup']);
  });

  test('small sections below level 2 share a chunk, large ones begin a new one', () => {
    const small = chunkDocument([
      page(1, [2, 'A'], [3, 'B'], ['paragraph', words(30)], [3, 'C'], ['paragraph', words(30)]),
    ]);
    expect(small.length).toBe(1);
    expect(small[0]?.headingPath).toEqual(['A', 'B']);
    const large = chunkDocument([
      page(1, [2, 'A'], [3, 'B'], ['paragraph', words(120)], [3, 'C'], ['paragraph', words(60)]),
    ]);
    expect(large.map(({ headingPath }) => headingPath)).toEqual([
      ['A', 'B'],
      ['A', 'C'],
    ]);
  });

  test('headings hold over pages, chunks do not', () => {
    const chunks = chunkDocument([
      page(1, [1, 'Chapter'], ['paragraph', 'First page.']),
      page(2, ['paragraph', 'Second page.']),
    ]);
    expect(texts(chunks)).toEqual(['Chapter\n\nFirst page.', 'Second page.']);
    expect(chunks[1]).toMatchObject({ page: 2, start: 0, headingPath: ['Chapter'] });
  });

  test('a long paragraph is cut between sentences, and a short sentence is repeated', () => {
    const chunks = chunkDocument([page(1, ['paragraph', sentences(40)])]);
    expect(chunks.length).toBeGreaterThan(2);
    for (const [i, chunk] of chunks.entries()) {
      expect(chunk.text).toMatch(/^Sentence .*\.$/s);
      const before = chunks[i - 1];
      if (before !== undefined)
        expect(before.text.endsWith(chunk.text.slice(0, chunk.text.indexOf('. ') + 1))).toBe(true);
    }
  });

  test('paragraphs do not overlap', () => {
    const chunks = chunkDocument([
      page(1, ['paragraph', words(150, 'alpha')], ['paragraph', words(150, 'beta')]),
    ]);
    expect(texts(chunks)).toEqual([words(150, 'alpha'), words(150, 'beta')]);
  });

  test('a crumb at the end joins the chunk before it', () => {
    const chunks = chunkDocument([page(1, ['paragraph', words(195)], ['paragraph', 'The end.'])]);
    expect(chunks.length).toBe(1);
    expect(chunks[0]?.text.endsWith('The end.')).toBe(true);
  });

  test('rows of a long table carry its header beside their text, not in it', () => {
    const rows = Array.from({ length: 80 }, (_, i) => `Part ${i} | ${i * 3} | ${i % 2 ? 'yes' : 'no'}`).join(
      '\n',
    );
    const chunks = chunkDocument([page(1, ['table', rows, 'Name | Price | In stock'])]);
    expect(chunks.length).toBeGreaterThan(2);
    expect(chunks[0]).toMatchObject({ tableHeader: null });
    for (const chunk of chunks.slice(1)) {
      expect(chunk.tableHeader).toBe('Name | Price | In stock');
      expect(chunk.text).not.toContain('Name');
      expect(chunk.text).toMatch(/^Part \d+ \|.*(yes|no)$/s);
    }
  });

  test('a table without header has none to carry', () => {
    const rows = Array.from({ length: 80 }, (_, i) => `${i} | ${i * 3}`).join('\n');
    expect(chunkDocument([page(1, ['table', rows])]).every(({ tableHeader }) => tableHeader === null)).toBe(
      true,
    );
  });

  test('text without white space is cut, and no character with it', () => {
    const chunks = chunkDocument([page(1, ['paragraph', '😀'.repeat(2_000)])]);
    expect(chunks.length).toBeGreaterThan(5);
    expect(texts(chunks).join('')).toBe('😀'.repeat(2_000));
    for (const { text } of chunks) expect(text.isWellFormed()).toBe(true);
  });

  test('an empty document has no chunks', () => {
    expect(chunkDocument([])).toEqual([]);
    expect(chunkDocument([page(1), { number: 2, text: ' \n\n ', blocks: [] }])).toEqual([]);
  });

  test('a heading alone is a chunk: it can be searched', () => {
    expect(texts(chunkDocument([page(1, [1, 'Only a title'])]))).toEqual(['Only a title']);
  });
});

/** Deterministic numbers in [0, 1): mulberry32. */
function random(seed: number) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function randomPages(seed: number): ParsedPage[] {
  const next = random(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const alphabet = [
    'a',
    'the',
    'straightforward',
    'e\u0301',
    'Ünïcode',
    '価格',
    '東京都',
    'мир',
    '😀',
    '👩‍👩‍👧',
    '42',
    '3.14',
    'e.g.',
    'Dr.',
    '.',
    '!',
    '?',
    '。',
    '\u00a0',
    '|',
    'x'.repeat(900),
  ];
  const line = () =>
    Array.from({ length: 1 + Math.floor(next() * (next() < 0.1 ? 600 : 30)) }, () => pick(alphabet)).join(
      next() < 0.1 ? '' : ' ',
    );
  return Array.from({ length: 1 + Math.floor(next() * 4) }, (_, i) =>
    page(
      i + 1,
      ...Array.from({ length: Math.floor(next() * 12) }, (): Part => {
        const lines = () => Array.from({ length: 1 + Math.floor(next() * 20) }, line).join('\n');
        const kind = pick([1, 2, 3, 'paragraph', 'paragraph', 'paragraph', 'list', 'code', 'table'] as const);
        if (kind === 'table') return next() < 0.5 ? [kind, lines(), line()] : [kind, lines()];
        return [kind, typeof kind === 'number' ? line() : kind === 'paragraph' ? line() : lines()];
      }),
    ),
  );
}

describe('for any document', () => {
  test.each(Array.from({ length: 60 }, (_, i) => i))(
    'chunks are exact, bounded, in order and complete (seed %i)',
    (seed) => {
      const pages = randomPages(seed);
      const chunks = chunkDocument(pages);
      expect(chunks.map(({ seq }) => seq)).toEqual(chunks.map((_, i) => i));
      for (const [i, chunk] of chunks.entries()) {
        const text = (pages[chunk.page - 1] as ParsedPage).text;
        expect(chunk.text).toBe(text.slice(chunk.start, chunk.end));
        expect(chunk.text).toBe(chunk.text.trim());
        expect(chunk.text.isWellFormed()).toBe(true);
        expect(chunk.text).not.toBe('');
        expect(chunk.tokenCount).toBeLessThanOrEqual(MAX_TOKENS);
        expect(estimateTokens(chunk.text)).toBeLessThanOrEqual(chunk.tokenCount + 1);
        const before = chunks[i - 1];
        if (before?.page === chunk.page) {
          expect(chunk.start).toBeGreaterThan(before.start);
          expect(chunk.end).toBeGreaterThan(before.end);
          if (chunk.start < before.end)
            expect(estimateTokens(text, chunk.start, before.end)).toBeLessThanOrEqual(30);
        } else if (before !== undefined) {
          expect(chunk.page).toBeGreaterThan(before.page);
        }
      }
      for (const { number, text } of pages) {
        const own = chunks.filter((chunk) => chunk.page === number);
        let covered = 0;
        for (const { start, end } of own) {
          expect(text.slice(covered, start).trim()).toBe('');
          covered = end;
        }
        expect(text.slice(covered).trim()).toBe('');
      }
    },
  );

  test('chunks of prose are filled well', () => {
    const chunks = chunkDocument([
      page(1, ...Array.from({ length: 200 }, (_, i): Part => ['paragraph', words(20 + ((i * 37) % 120))])),
    ]);
    const mean = chunks.reduce((sum, { tokenCount }) => sum + tokenCount, 0) / chunks.length;
    expect(mean).toBeGreaterThan(0.6 * TARGET_TOKENS);
  });
});

test('a paragraph ten times as long gives ten times the chunks: no window loses or doubles any', () => {
  const one = chunkDocument([page(1, ['paragraph', sentences(2_000)])]).length;
  const ten = chunkDocument([page(1, ['paragraph', sentences(20_000)])]).length;
  expect(ten / one).toBeGreaterThan(9.5);
  expect(ten / one).toBeLessThan(10.5);
});
