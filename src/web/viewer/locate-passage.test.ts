import { describe, expect, test } from 'vitest';
import { locatePassage } from './locate-passage.ts';

/** The marked characters of each item. */
function marked(items: string[], pageText: string, passage: string, from = 0): string[] | undefined {
  const start = pageText.indexOf(passage, from);
  return locatePassage(items, pageText, { start, end: start + passage.length })?.map((part) =>
    (items[part.item] as string).slice(part.start, part.end),
  );
}

describe('locatePassage', () => {
  test('marks from the first to the last letter, over several items', () => {
    const items = ['A visiting yacht pays ', '34 crowns a night, ', 'and electricity is included.'];
    expect(marked(items, items.join(''), 'pays 34 crowns a night')).toEqual(['pays', '34 crowns a night']);
  });

  test('a word that was hyphenated at the end of a line is found joined', () => {
    const items = ['The harbour mas-', 'ter of Lindholm'];
    expect(marked(items, 'The harbour master of Lindholm', 'harbour master of')).toEqual([
      'harbour mas',
      'ter of',
    ]);
  });

  test('a soft hyphen and other spaces do not matter', () => {
    const items = ['The har\u00adbour\u00a0master', 'of\u2003Lindholm'];
    expect(marked(items, 'The harbour master of Lindholm', 'harbour master of Lindholm')).toEqual([
      'har\u00adbour\u00a0master',
      'of\u2003Lindholm',
    ]);
  });

  test('ligatures are the letters they stand for', () => {
    const items = ['The ﬁnal oﬃce diﬀers'];
    expect(marked(items, 'The final office differs', 'final office')).toEqual(['ﬁnal oﬃce']);
    expect(marked(['The final office differs'], 'The ﬁnal oﬃce diﬀers', 'ﬁnal oﬃce')).toEqual([
      'final office',
    ]);
  });

  test('accents may be composed or not', () => {
    const items = ['Le re\u0301sume\u0301 de l’e\u0301te\u0301'];
    expect(marked(items, 'Le résumé de l’été', 'résumé de l’été')).toEqual([
      're\u0301sume\u0301 de l’e\u0301te\u0301',
    ]);
  });

  test('of a repeated phrase the one of the same count is marked', () => {
    const line = 'Fees are due monthly. ';
    const items = [line, 'First. ', line, 'Second. ', line];
    const pageText = items.join('');
    for (const nth of [0, 2, 4]) {
      const start = items.slice(0, nth).join('').length;
      expect(locatePassage(items, pageText, { start, end: start + 21 })?.map(({ item }) => item)).toEqual([
        nth,
      ]);
    }
  });

  test('of a repeated phrase the nearest is marked where a header was left out of the text', () => {
    const items = [
      'Annual report',
      'Some words go here before. ',
      'Annual report',
      ' is what this is about.',
    ];
    const pageText = 'Some words go here before. Annual report is what this is about.';
    const start = pageText.indexOf('Annual');
    expect(locatePassage(items, pageText, { start, end: start + 13 })).toEqual([
      { item: 2, start: 0, end: 13 },
    ]);
  });

  test('columns in another order are still marked in full', () => {
    const items = [
      'left column begins with words',
      'right column begins elsewhere',
      'and goes on to its end',
      'and finishes the page',
    ];
    const pageText =
      'left column begins with words and goes on to its end right column begins elsewhere and finishes the page';
    expect(marked(items, pageText, 'begins with words and goes on to its end')).toEqual([
      'begins with words',
      'and goes on to its end',
    ]);
  });

  test('a letter that is read differently does not tear the mark apart', () => {
    const items = ['the quick brown f0x jumps over the lazy dog'];
    const pageText = 'the quick brown fox jumps over the lazy dog';
    expect(marked(items, pageText, 'quick brown fox jumps over')).toEqual(['quick brown f0x jumps over']);
  });

  test('a footnote in the middle is left unmarked', () => {
    const items = [
      'the committee decided in spring',
      '1 See the annex for every detail of it',
      'to raise the fees by a tenth',
    ];
    const pageText = 'the committee decided in spring to raise the fees by a tenth';
    expect(marked(items, pageText, pageText)).toEqual([items[0], items[2]]);
  });

  test('Chinese without spaces, also when broken into many items', () => {
    const items = ['港口', '管理员', '是林女士', '。费用', '为三十四元'];
    expect(marked(items, '港口管理员是林女士。费用为三十四元', '管理员是林女士')).toEqual([
      '管理员',
      '是林女士',
    ]);
    expect(marked(['港口管理员是林女士费用'], '港口管理员乃林女士费用', '管理员乃林女士')).toEqual([
      '管理员是林女士',
    ]);
  });

  test('half-width and full-width forms are the same', () => {
    expect(marked(['ＡＢＣ１２３ と カタカナ'], 'ABC123 と ｶﾀｶﾅ', 'ABC123')).toEqual(['ＡＢＣ１２３']);
  });

  test('Arabic presentation forms and Hebrew points are folded', () => {
    const plain = 'مرحبا بالعالم';
    const presented = '\uFEE3\uFEAE\uFEA3\uFE92\uFE8E بالعالم';
    expect(marked([presented], plain, plain)).toEqual([presented]);
    expect(marked(['שָׁלוֹם עולם'], 'שלום עולם', 'שלום')).toEqual(['שָׁלוֹם']);
  });

  test('what is not there is not marked', () => {
    expect(
      marked(['Something else entirely stands here'], 'The fee is 34 crowns', 'fee is 34'),
    ).toBeUndefined();
    expect(marked([], 'The fee is 34 crowns', 'fee is 34')).toBeUndefined();
    expect(locatePassage(['a'], 'a — b', { start: 2, end: 3 })).toBeUndefined();
  });

  test('a short chance find far away does not join the mark', () => {
    const far = `${'x y z '.repeat(300)}`;
    const items = ['the harbour master of Lindholm decides on berths in summer', far, 'on berths in'];
    const pageText = `the harbour master of Lindholm decides now on berths in winter ${far} on berths in`;
    const parts = locatePassage(items, pageText, { start: 0, end: 62 });
    expect(parts?.every(({ item }) => item === 0)).toBe(true);
  });

  test('a page of a hundred thousand letters takes no time to speak of', () => {
    const words = Array.from({ length: 20_000 }, (_, i) => `word${(i * 7919) % 20_011}`);
    const pageText = words.join(' ');
    const start = pageText.length >> 1;
    const begun = performance.now();
    const parts = locatePassage(words, pageText.replaceAll('7', 'q'), { start, end: start + 600 });
    expect(parts).toBeDefined();
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});
