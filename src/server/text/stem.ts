import snowball from 'snowball-stemmers';
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

/** Languages that are written in Latin letters and have no stemmer here: their words stay as they are. */
const LATIN_WITHOUT_STEMMER = new Set([
  'pl',
  'vi',
  'id',
  'et',
  'lv',
  'lt',
  'sk',
  'hr',
  'sq',
  'sw',
  'tl',
  'az',
]);
const CYRILLIC_WITHOUT_STEMMER = new Set(['uk', 'bg', 'sr', 'mk', 'be', 'kk', 'mn']);

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
  const own = ALGORITHMS[language];
  if (own?.script === script) return language;
  if (script === 'latin') return LATIN_WITHOUT_STEMMER.has(language) ? undefined : 'en';
  if (script === 'cyrillic') return CYRILLIC_WITHOUT_STEMMER.has(language) ? undefined : 'ru';
  if (script === 'arabic') return language === 'fa' || language === 'ur' ? undefined : 'ar';
  return undefined;
}

export const stemWord = (word: string, language: string): string => snowballStemmer(language)(word);
