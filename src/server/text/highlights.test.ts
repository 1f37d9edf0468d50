import { expect, test } from 'vitest';
import { analyseQuery, wordTerms } from './analyse.ts';
import { highlightSpans } from './highlights.ts';

const marked = (text: string, language: string, question: string): string[] =>
  highlightSpans(text, language, analyseQuery(question, [language]).terms).map(([start, end]) =>
    text.slice(start, end),
  );

test('words are marked in any form, function words are not', () => {
  expect(marked('The engines of the aeroplane were tested.', 'en', 'What is an engine test?')).toEqual([
    'engines',
    'tested',
  ]);
});

test('offsets count UTF-16 units of the text as it stands', () => {
  const text = '😀 Ｃａｆé cafe\u0301 CAFÉ';
  expect(marked(text, 'fr', 'café')).toEqual(['Ｃａｆé', 'cafe\u0301', 'CAFÉ']);
});

test('the first letter of a word in small letters is that of its term, but in Irish', () => {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const words = letters
    .flatMap((a) => letters.map((b) => a + b))
    .flatMap((w) => [`${w}ehaltenes`, `${w}hearail`]);
  for (const language of [
    'und',
    'ca',
    'cs',
    'da',
    'de',
    'en',
    'es',
    'eu',
    'fi',
    'fr',
    'hu',
    'it',
    'nl',
    'no',
    'pt',
    'ro',
    'sl',
    'sv',
    'tr',
    'pl',
    'id',
  ])
    expect(
      words.filter((word) => wordTerms(word, 'word', false, language).some((term) => term[0] !== word[0])),
      language,
    ).toEqual([]);
  expect(marked('Chonaic an bhfear an bád.', 'ga', 'fear')).toEqual(['bhfear']);
});

test('a run of characters is one span', () => {
  expect(marked('我在北京大学学习', 'zh', '北京大学在哪里')).toEqual(['北京大学']);
  expect(marked('東京ﾀﾜｰに行く', 'ja', '東京タワー')).toEqual(['東京ﾀﾜｰ']);
});

test('a part of a joined word marks the word', () => {
  expect(marked('See ERR_CONN-1042 there', 'en', 'error 1042')).toEqual(['ERR_CONN-1042']);
});

test('nothing asked, nothing marked', () => {
  expect(highlightSpans('text', 'en', [])).toEqual([]);
});
