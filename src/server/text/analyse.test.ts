import { describe, expect, test } from 'vitest';
import { analysePassage, analyseQuery } from './analyse.ts';

const termsOf = (text: string, language: string): string[] => [
  ...analysePassage(text, language).terms.keys(),
];
const formsOf = (query: string, ...languages: string[]): string[][] =>
  analyseQuery(query, languages).terms.map(({ forms }) => [...forms]);

describe('passages', () => {
  test('words are folded, stemmed and counted without function words', () => {
    const { terms, length } = analysePassage('The Connections connect; connecting is what they do.', 'en');
    expect(terms).toEqual(new Map([['connect', 3]]));
    expect(length).toBe(3);
  });

  test.each([
    ['de', 'Die Häuser und Straßen des Hauses', 'Haus Strassen'],
    ['es', 'las canciones de la nación', 'canción naciones'],
    ['fr', "l'avion qu'elle a vu à l’aéroport", 'avions aeroport vu'],
    ['it', "dell'università e nell'acqua", 'universita acqua'],
    ['ru', 'В городах и сёлах', 'город село'],
    ['ar', 'في المَدْرَسَةِ الكبيرة', 'مدرسة كبيره'],
    ['ro', 'țară și țări', 'ţară'],
    ['uk', "п'ять п’ять", 'пять'],
    ['uk', 'великого міста', 'велика місто'],
    ['bg', 'градовете', 'град'],
    ['pl', 'nowoczesnych miastach', 'nowoczesna miasto'],
    ['el', 'οι άνθρωποι των πόλεων', 'ανθρώπων πόλη'],
    ['hi', 'नदियों में लड़के', 'नदी लड़का'],
    ['fa', 'کتاب‌های بزرگ', 'کتاب بزرگ'],
    ['tr', 'şehirlerin', 'şehir'],
    ['vi', 'Hà Nội', 'hà nội'],
  ])('%s: spellings and endings of a word meet', (language, text, other) => {
    expect(new Set(termsOf(text, language))).toEqual(new Set(termsOf(other, language)));
  });

  test('in a text of no known language nothing is left out', () => {
    expect(termsOf('the die und', 'und')).toEqual(['the', 'die', 'und']);
  });

  test('a text of function words alone keeps them', () => {
    expect(termsOf('To be, or not to be', 'en')).toEqual(['to', 'be', 'or', 'not']);
  });

  test('capitals make a name of a function word', () => {
    expect(termsOf('it is said that IT and the WHO agree', 'en')).toEqual(['said', 'it', 'who', 'agre']);
  });

  test.each([
    ['ERR_CONN-1042', ['err_conn-1042', 'err', 'conn', '1042']],
    ['A4', ['a4']],
    ['v2.1', ['v2.1', 'v2']],
    ['mail jane.doe@example.org', ['mail', 'jane.doe@example.org', 'jane', 'doe', 'exampl', 'org']],
    [
      'https://example.org/a/file_name.txt',
      ['https', 'example.org', 'exampl', 'org', 'file_name.txt', 'file', 'name', 'txt'],
    ],
    ['C++ and C# or F#', ['c++', 'c#', 'f#']],
    ['1,234,567.5 and 3.14', ['1234567.5', '3.14']],
    ['U.S. and U.S.A., i.e. US', ['us', 'usa', 'ie']],
    ['1.234.567,5 and 3,14 and 1’000', ['1234567.5', '3.14', '1000']],
    ['getUserName', ['getusernam', 'get', 'user', 'name']],
    ['YouTube McDonald', ['youtub', 'mcdonald']],
    ['AT&T R&D', ['at&t', 'at', 'r&d']],
    ['COVID-19', ['covid-19', 'covid', '19']],
    ["O'Brien's well-known", ['brien', 'well', 'known']],
    ['H₂O note²', ['h2o', 'note']],
    ['soft\u00adhyphen', ['softhyphen']],
    ['½ cup 6½', ['cup', '6']],
  ])('%s', (text, expected) => {
    expect(termsOf(text, 'en')).toEqual(expected);
  });

  test('scripts without spaces give pairs of characters', () => {
    expect(termsOf('東京都に、犬', 'ja')).toEqual(['東京', '京都', '都に', '犬']);
    expect(termsOf('한국어 책', 'ko')).toEqual(['한국', '국어', '책']);
    expect(termsOf('ﾀﾜｰ', 'ja')).toEqual(['タワ', 'ワー']);
    expect(termsOf('𠮷野家', 'ja')).toEqual(['𠮷野', '野家']);
  });

  test('emoji and lone surrogates are no words', () => {
    expect(termsOf('😀 \ud83d \udc00 👩‍👩‍👧 ok', 'en')).toEqual(['ok']);
  });

  test('endless words are cut', () => {
    const { terms, length } = analysePassage('x'.repeat(100_000), 'en');
    expect(length).toBe(1);
    expect([...terms.keys()][0]?.length).toBe(64);
  });

  test('analysing again gives the same', () => {
    const text = 'Some words, well-known words, and IDs such as X-17.';
    expect(analysePassage(text, 'en')).toEqual(analysePassage(text, 'en'));
  });
});

describe('questions', () => {
  test('a word has the forms of all languages that the documents are in', () => {
    expect(formsOf('Welche Universitäten?', 'de', 'en')).toEqual([
      [...new Set([...termsOf('Universitäten', 'de'), ...termsOf('Universitäten', 'en')])],
    ]);
  });

  test('every form that a passage is indexed under is asked for', () => {
    for (const [language, text] of [
      ['en', 'engines'],
      ['de', 'Häuser'],
      ['ru', 'городами'],
      ['und', 'Connections'],
      ['zh', '北京'],
    ] as const) {
      const forms = new Set(formsOf(text, 'en', 'de', 'ru', 'und', 'zh').flat());
      for (const term of termsOf(text, language)) expect(forms).toContain(term);
    }
  });

  test('function words of the question’s own language are left out', () => {
    expect(formsOf('What was the cause of the war?', 'en', 'de')).toHaveLength(2);
    expect(formsOf('Was war die Ursache des Krieges?', 'en', 'de')).toHaveLength(2);
  });

  test('a question of nothing but function words keeps them', () => {
    expect(formsOf('who are you', 'en').flat()).toEqual(['who', 'are', 'you']);
  });

  test('a question in capitals is not all names', () => {
    expect(formsOf('WHAT IS THE CAPITAL', 'en')).toEqual([['capit']]);
    expect(formsOf('What is the IT budget', 'en').flat()).toEqual(['it', 'budget']);
  });

  test('a word asked for twice is there twice', () => {
    expect(formsOf('engine or engines', 'en')).toEqual([['engin'], ['engin']]);
  });

  test('phrases and the language are told', () => {
    const { phrases, language } = analyseQuery('where is "red house" in the text', ['en']);
    expect(phrases).toEqual(['red house']);
    expect(language).toBe('en');
  });

  test('without languages the question’s own is taken', () => {
    expect(formsOf('Where are the engines')).toEqual([['engin']]);
  });
});
