/** How well the bundled model knows a language; measured constants are kept for each group. */
export type LanguageGroup = 'english' | 'latin' | 'other';

/** @param language ISO 639-1; `und`, codes and numbers as a rule, counts with the Latin ones. */
export function languageGroup(language: string): LanguageGroup {
  if (language === 'en') return 'english';
  return LATIN.has(language) ? 'latin' : 'other';
}

const LATIN = new Set(
  'und af ca cs cy da de es et eu fi fr ga gl hr hu id is it la lt lv ms nl no nb nn pl pt ro sk sl sq sv sw tl tr vi'.split(
    ' ',
  ),
);
