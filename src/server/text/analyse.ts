import type { QueryTerm } from '../ports/text-index.ts';
import { detectLanguage } from './language.ts';
import { quotedPhrases } from './phrases.ts';
import { splitWords } from './split-words.ts';
import { denseTerms, isFunctionWord, partsOf, termOf } from './word-terms.ts';

/** Grows with every change of the terms that a text gives: an index made by another version is swept and rebuilt. */
export const ANALYSER_VERSION = 1;

export interface AnalysedPassage {
  /** Term → occurrences. */
  readonly terms: Map<string, number>;
  /** Sum of all occurrences. */
  readonly length: number;
}

/**
 * A passage's index terms.
 * @param language ISO 639-1 of the document, or `und`: then nothing counts as a function word.
 */
export function analysePassage(text: string, language: string): AnalysedPassage {
  const analysed = countTerms(text, termCache(language));
  if (analysed.length > 0) return analysed;
  // nothing but function words ("To be, or not to be"): then they are the content
  return countTerms(text, new TermCache(language, false));
}

function countTerms(text: string, cache: TermCache): AnalysedPassage {
  const terms = new Map<string, number>();
  let length = 0;
  splitWords(text, (start, end, kind, joined) => {
    const word = text.slice(start, end);
    const found = kind === 'dense' ? denseTerms(word) : cache.get(word, joined);
    if (typeof found === 'string') {
      terms.set(found, (terms.get(found) ?? 0) + 1);
      length++;
      return;
    }
    for (const term of found) terms.set(term, (terms.get(term) ?? 0) + 1);
    length += found.length;
  });
  return { terms, length };
}

/** The terms of one word as a passage in `language` is indexed under them. */
export function wordTerms(
  word: string,
  kind: 'word' | 'dense',
  joined: boolean,
  language: string,
): readonly string[] {
  if (kind === 'dense') return denseTerms(word);
  const found = termCache(language).get(word, joined);
  return typeof found === 'string' ? [found] : found;
}

export interface AnalysedQuery {
  /** In the question's order; a word asked for twice is there twice. */
  readonly terms: readonly QueryTerm[];
  /** Texts between quotation marks: a result should hold them word by word (`holdsPhrase`). */
  readonly phrases: readonly string[];
  /** ISO 639-1 or `und`. */
  readonly language: string;
}

/**
 * A question's terms, each with the forms under which passages in any of `languages` would hold it.
 * Function words of the question's own language are left out unless nothing else is there.
 * @param languages those of the documents in the scope, `und` included.
 */
export function analyseQuery(query: string, languages: readonly string[]): AnalysedQuery {
  const language = detectLanguage(query, languages);
  const stemLanguages = new Set(languages.length > 0 ? languages : [language]);
  const content: QueryTerm[] = [];
  const all: QueryTerm[] = [];
  const capitalsAreNames = query !== query.toUpperCase();
  splitWords(query, (start, end, kind, joined) => {
    const word = query.slice(start, end);
    if (kind === 'dense') {
      for (const term of denseTerms(word)) {
        all.push({ forms: [term] });
        content.push({ forms: [term] });
      }
      return;
    }
    const whole = isFunctionWord(word, language, capitalsAreNames);
    for (const part of partsOf(word, joined)) {
      const forms = new Set<string>();
      for (const each of stemLanguages) {
        const form = termOf(part, each);
        if (form !== '') forms.add(form);
      }
      if (forms.size === 0) continue;
      const term = { forms: [...forms] };
      all.push(term);
      if (!whole && !isFunctionWord(part, language, capitalsAreNames)) content.push(term);
    }
  });
  return { terms: content.length > 0 ? content : all, phrases: quotedPhrases(query), language };
}

/** What words of one language give, remembered: words repeat and stemming costs some 10 µs. */
class TermCache {
  readonly #language: string;
  readonly #dropFunctionWords: boolean;
  #young = new Map<string, string | readonly string[]>();
  #old = new Map<string, string | readonly string[]>();

  constructor(language: string, dropFunctionWords: boolean) {
    this.#language = language;
    this.#dropFunctionWords = dropFunctionWords;
  }

  /** One term as a string, none or several as a list. */
  get(word: string, joined: boolean): string | readonly string[] {
    const young = this.#young.get(word);
    if (young !== undefined) return young;
    const found = this.#old.get(word) ?? this.#analyse(word, joined);
    if (this.#young.size >= CACHED_WORDS) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    // V8 keeps a slice of 13 characters or more as a view: without a copy it would hold the whole passage
    this.#young.set(word.length < 13 ? word : Buffer.from(word).toString(), found);
    return found;
  }

  #analyse(word: string, joined: boolean): string | readonly string[] {
    if (this.#drops(word)) return NOTHING;
    const parts = partsOf(word, joined);
    const terms: string[] = [];
    for (const part of parts) {
      if (parts.length > 1 && this.#drops(part)) continue;
      const term = termOf(part, this.#language);
      if (term !== '') terms.push(term);
    }
    return terms.length === 1 ? (terms[0] as string) : terms;
  }

  #drops(word: string): boolean {
    return this.#dropFunctionWords && isFunctionWord(word, this.#language);
  }
}

const NOTHING: readonly string[] = [];
/** Two generations of so many words, about 4 MB for the language of most documents. */
const CACHED_WORDS = 16_384;
const CACHED_LANGUAGES = 6;
const caches = new Map<string, TermCache>();

function termCache(language: string): TermCache {
  let cache = caches.get(language);
  if (cache !== undefined) return cache;
  if (caches.size >= CACHED_LANGUAGES) caches.delete(caches.keys().next().value as string);
  cache = new TermCache(language, true);
  caches.set(language, cache);
  return cache;
}
