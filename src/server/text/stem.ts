import snowball from 'snowball-stemmers';
import { hasLightStemmer, lightStem } from './light-stem.ts';
import type { Script } from './scripts.ts';

/** Snowball's name of a language's algorithm, and the script it reads. */
const ALGORITHMS: Record<string, { readonly name: string; readonly script: Script }> = {
  ar: { name: 'arabic', script: 'arabic' },
  ca: { name: 'catalan', script: 'latin' },
  cs: { name: 'czech', script: 'latin' },
  da: { name: 'danish', script: 'latin' },
  de: { name: 'german', script: 'latin' },
  en: { name: 'english', script: 'latin' },
  es: { name: 'spanish', script: 'latin' },
  eu: { name: 'basque', script: 'latin' },
  fi: { name: 'finnish', script: 'latin' },
  fr: { name: 'french', script: 'latin' },
  ga: { name: 'irish', script: 'latin' },
  hu: { name: 'hungarian', script: 'latin' },
  it: { name: 'italian', script: 'latin' },
  nl: { name: 'dutch', script: 'latin' },
  no: { name: 'norwegian', script: 'latin' },
  pt: { name: 'portuguese', script: 'latin' },
  ro: { name: 'romanian', script: 'latin' },
  ru: { name: 'russian', script: 'cyrillic' },
  sl: { name: 'slovene', script: 'latin' },
  sv: { name: 'swedish', script: 'latin' },
  tr: { name: 'turkish', script: 'latin' },
};

/** The script that a language without Snowball stemmer is written in, where that is not another's default. */
const LATIN_LANGUAGES = new Set(['pl', 'vi', 'id', 'et', 'lv', 'lt', 'sk', 'hr', 'sq', 'sw', 'tl', 'az']);
const CYRILLIC_LANGUAGES = new Set(['uk', 'bg', 'sr', 'mk', 'be', 'kk', 'mn']);
const ARABIC_LANGUAGES = new Set(['fa', 'ur']);

type Stem = (word: string) => string;
const stemmers = new Map<string, Stem>();

function snowballStemmer(language: string): Stem {
  let stem = stemmers.get(language);
  if (stem === undefined) {
    const made = snowball.newStemmer((ALGORITHMS[language] as { name: string }).name);
    stem = (word) => made.stem(word);
    stemmers.set(language, stem);
  }
  return stem;
}

/**
 * In which language a word of this script stems within a text of `language`. Words of another script than
 * the text's are stemmed as English or Russian: such words are most often those.
 * @returns undefined when the word stays as it is.
 */
export function stemmingLanguage(script: Script, language: string): string | undefined {
  if (ALGORITHMS[language]?.script === script) return language;
  switch (script) {
    case 'latin':
      return LATIN_LANGUAGES.has(language) ? light(language) : 'en';
    case 'cyrillic':
      return CYRILLIC_LANGUAGES.has(language) ? light(language) : 'ru';
    case 'arabic':
      return ARABIC_LANGUAGES.has(language) ? light(language) : 'ar';
    case 'greek':
      return 'el';
    case 'devanagari':
      return 'hi';
    case 'hebrew':
    case 'other':
      return undefined;
    default:
      return script satisfies never;
  }
}

const light = (language: string): string | undefined => (hasLightStemmer(language) ? language : undefined);

export const stemWord = (word: string, language: string): string =>
  hasLightStemmer(language) ? lightStem(word, language) : snowballStemmer(language)(word);
