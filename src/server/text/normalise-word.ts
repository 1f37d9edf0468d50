/** Spelling variants of a word become one: compatibility forms, case, invisible characters, vowel signs. */

/** Arabic vowel signs, superscript alef and the lengthening stroke; Hebrew points: optional in writing. */
const OPTIONAL_MARKS = /[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u0591-\u05bd\u05bf-\u05c7]/gu;
/** Soft hyphens, joiners, variation selectors: drawn as nothing. */
export const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu;
const PLAIN = /^[a-z0-9]*$/u;

/**
 * Folded for stemming: NFKC, lower case by the language's rules, without optional marks. Diacritics of
 * Latin and Greek words stay, since stemmers read them; `withoutDiacritics` removes them afterwards.
 */
export function normaliseWord(word: string, language: string): string {
  if (PLAIN.test(word)) return word;
  let out = word.normalize('NFKC').replace(INVISIBLE, '');
  // only Turkic languages pair I with ı: everywhere else their rule would break "In" and "I"
  out = language === 'tr' || language === 'az' ? out.toLocaleLowerCase('tr') : out.toLowerCase();
  out = out.replace(/[’‘ʼ＇]/gu, "'").replace(OPTIONAL_MARKS, '');
  if (language === 'ro') out = out.replaceAll('ș', 'ş').replaceAll('ț', 'ţ');
  return out
    .replace(/[أإآٱ]/gu, 'ا')
    .replaceAll('ى', 'ي')
    .replaceAll('ی', 'ي')
    .replaceAll('ک', 'ك')
    .replaceAll('ё', 'е')
    .replaceAll('ς', 'σ');
}

const COMBINING = /[\u0300-\u036f]/gu;
const LATIN_OR_GREEK = /[\u00c0-\u024f\u0370-\u03ff\u1e00-\u1fff]/u;

/**
 * "café" and "cafe", "Straße" and "Strasse" become one. Vietnamese keeps its signs: there they tell
 * words apart. Other scripts keep theirs as well.
 */
export function withoutDiacritics(word: string, language: string): string {
  if (language === 'vi' || !LATIN_OR_GREEK.test(word)) return word;
  return word
    .normalize('NFD')
    .replace(COMBINING, '')
    .replaceAll('ß', 'ss')
    .replaceAll('ø', 'o')
    .replaceAll('æ', 'ae')
    .replaceAll('œ', 'oe')
    .replaceAll('ł', 'l')
    .replaceAll('đ', 'd')
    .replaceAll('ı', 'i')
    .normalize('NFC');
}
