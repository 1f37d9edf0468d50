import { describe, expect, test } from 'vitest';
import { sentenceSpans } from './sentences.ts';

const sentences = (text: string): string[] =>
  sentenceSpans(text).map(({ start, end }) => text.slice(start, end));

describe('sentences', () => {
  test.each([
    [
      'Dr. Smith met Mr. J. R. R. Tolkien. They talked.',
      ['Dr. Smith met Mr. J. R. R. Tolkien.', 'They talked.'],
    ],
    [
      'Some fruits, e.g. Apples, are red. See Fig. 3 and Eq. 4. Done.',
      ['Some fruits, e.g. Apples, are red.', 'See Fig. 3 and Eq. 4.', 'Done.'],
    ],
    ['It costs $3.14 today. Version 2.0.1 is out!', ['It costs $3.14 today.', 'Version 2.0.1 is out!']],
    [
      'The U.S. Army came. He left the U.S. The end.',
      ['The U.S. Army came.', 'He left the U.S.', 'The end.'],
    ],
    ['Apples, pears etc. The rest is gone.', ['Apples, pears etc.', 'The rest is gone.']],
    ['Is it so? Yes. "No!" he said.', ['Is it so?', 'Yes.', '"No!" he said.']],
    ['Do you agree? No. Then leave.', ['Do you agree?', 'No.', 'Then leave.']],
    ['He works at No. 10 Downing Street. Fine.', ['He works at No. 10 Downing Street.', 'Fine.']],
    [
      'Es geschah am 3. Oktober 1990. Danach, z. B. im Mai, war Ruhe.',
      ['Es geschah am 3. Oktober 1990.', 'Danach, z. B. im Mai, war Ruhe.'],
    ],
    [
      'Он жил в XIX в. в городе. Это рис. 5 на стр. 7. Конец.',
      ['Он жил в XIX в. в городе.', 'Это рис. 5 на стр. 7.', 'Конец.'],
    ],
    ['今天天气很好。我们去公园吧！好吗？', ['今天天气很好。', '我们去公园吧！', '好吗？']],
    ['هذا كتاب. هل قرأته؟ نعم.', ['هذا كتاب.', 'هل قرأته؟', 'نعم.']],
    ['यह एक वाक्य है। यह दूसरा है।', ['यह एक वाक्य है।', 'यह दूसरा है।']],
  ])('%s', (text, expected) => {
    expect(sentences(text)).toEqual(expected);
  });

  test('wrapped lines are one sentence, and its offsets are those of the text', () => {
    const text = 'A sentence that is wrapped over\ntwo lines of about one width. And\nanother one.';
    expect(sentences(text)).toEqual([
      'A sentence that is wrapped over\ntwo lines of about one width.',
      'And\nanother one.',
    ]);
  });

  test('a blank line ends a sentence without a full stop', () => {
    expect(sentences('A heading\n\nthe text below\n \nmore')).toEqual([
      'A heading',
      'the text below',
      'more',
    ]);
  });

  test('table rows and list items are sentences of their own', () => {
    const text =
      'Name | Price\nTea | 3.50\nCoffee | 4.00\n\n- first item\n  goes on here\n- second item. With two\n1. third';
    expect(sentences(text)).toEqual([
      'Name | Price',
      'Tea | 3.50',
      'Coffee | 4.00',
      '- first item\n  goes on here',
      '- second item.',
      'With two',
      '1. third',
    ]);
  });

  test('short lines that begin with capitals stay apart', () => {
    const text = 'Berlin office\nSome long address line of the street\n10115 Berlin\nPhone 030 1234';
    expect(sentences(text)).toEqual([
      'Berlin office',
      'Some long address line of the street\n10115 Berlin',
      'Phone 030 1234',
    ]);
  });

  test('endless words, lines and initials are read in one pass', () => {
    expect(sentences('a'.repeat(500_000))).toHaveLength(1);
    expect(sentences('A. '.repeat(50_000))).toHaveLength(1);
    expect(sentences('x\n'.repeat(200_000))).toHaveLength(1);
    expect(sentences(`${'-    '.repeat(50_000)}\nb`)).toHaveLength(1);
  });

  test('nothing but space has no sentence', () => {
    expect(sentences('')).toEqual([]);
    expect(sentences(' \n\u00a0\n')).toEqual([]);
  });

  test('everything but space is in exactly one sentence', () => {
    const text = 'Dr. A. met 3.5 cats. 今日は。はい\n\n- x | y\n\tz "quote." he said... And?! (Yes.)';
    const spans = sentenceSpans(text);
    let outside = '';
    let at = 0;
    for (const { start, end } of spans) {
      expect(start).toBeGreaterThanOrEqual(at);
      outside += text.slice(at, start);
      at = end;
    }
    expect((outside + text.slice(at)).trim()).toBe('');
  });
});
