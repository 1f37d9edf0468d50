import { INVISIBLE, normaliseWord, withoutDiacritics } from './normalise-word.ts';
import { scriptOf } from './scripts.ts';
import { stemmingLanguage, stemWord } from './stem.ts';
import { functionWords } from './stop-words.ts';

/** Longer terms are cut: what differs only after 64 units is data, not a word. */
const MAX_TERM = 64;

/**
 * The words that one word of the text stands for, unfolded: itself, and the parts of a joined one.
 * "ERR_CONN-1042" gives itself, "ERR", "CONN", "1042"; "l'avion" gives "avion"; "1,000" gives "1000";
 * "U.S" gives "US"; "well-known" gives its parts; "getUserName" gives itself and "get", "User", "Name".
 */
export function partsOf(word: string, joined: boolean): string[] {
  if (!joined) return camelParts(word);
  const parts: string[] = [];
  if (GROUPED_NUMBER.test(word)) return [word.replace(/[,'’]/gu, '')];
  if (GROUPED_BY_DOTS.test(word)) return [word.replaceAll('.', '').replace(',', '.')];
  if (DECIMAL.test(word)) return [word.replace(',', '.')];
  if (DOTTED_INITIALS.test(word)) return [word.replaceAll('.', '')];
  for (const piece of word.replaceAll('·', '').split(/[/,:]/u)) {
    if (DECIMAL.test(piece)) parts.push(piece);
    else if (/[-._@&'’‐‑+#]/u.test(piece)) addJoinedParts(piece, parts);
    else parts.push(...camelParts(piece));
  }
  return parts;
}

const GROUPED_NUMBER = /^\d{1,3}(?:[,'’]\d{3})+(?:\.\d+)?$/u;
/** One group alone ("1.234") is read as a decimal. */
const GROUPED_BY_DOTS = /^\d{1,3}(?:\.\d{3}){2,}(?:,\d+)?$/u;
const DECIMAL = /^\d+[.,]\d+$/u;
/** "U.S", "e.g": the last full stop stands outside the word. */
const DOTTED_INITIALS = /^\p{L}(?:\.\p{L})+$/u;
/** With one of these a joined word is a name of its own: codes, versions, files, hosts, addresses. */
const IDENTIFIER = /[\d_@.&+#]/u;
/** What English leaves after an apostrophe. */
const CONTRACTION = /^(?:re|ve|ll)$/iu;

function addJoinedParts(piece: string, parts: string[]): void {
  if (IDENTIFIER.test(piece)) {
    parts.push(piece);
    for (const part of piece.split(/[-._@&'’‐‑+#]/u)) if (part.length > 1) parts.push(part);
    return;
  }
  for (const word of piece.split(/[-‐‑]/u)) {
    // Cyrillic writes an apostrophe inside a word, Latin between an article or an ending and the word
    if (!/['’]/u.test(word)) parts.push(word);
    else if (scriptOf(word) === 'cyrillic') parts.push(word.replace(/['’]/gu, ''));
    else
      for (const part of word.split(/['’]/u))
        if (part.length > 1 && !CONTRACTION.test(part)) parts.push(part);
  }
}

const CAMEL_STEP = /[\p{Ll}\d](?=\p{Lu})/gu;

function camelParts(word: string): string[] {
  const steps = word.length > 3 ? (word.match(CAMEL_STEP)?.length ?? 0) : 0;
  // "McDonald" and "YouTube" are one word each
  if (steps === 0 || (steps === 1 && /^\p{Lu}/u.test(word))) return [word];
  return [word, ...word.split(/(?<=[\p{Ll}\d])(?=\p{Lu})/u).filter((part) => part.length > 1)];
}

/**
 * Whether a word carries no meaning in a text of `language`. Capitals do: "IT", "WHO" and "US" are names.
 */
export function isFunctionWord(word: string, language: string, capitalsAreNames = true): boolean {
  const words = functionWords(language);
  if (words.size === 0) return false;
  if (capitalsAreNames && word.length > 1 && word === word.toUpperCase() && word !== word.toLowerCase())
    return false;
  return words.has(plain(word, language));
}

const plain = (word: string, language: string): string =>
  (language === 'tr' ? word.toLocaleLowerCase('tr') : word.toLowerCase()).replaceAll('’', "'");

/** The index term of one part in a text of `language`: folded, stemmed, without diacritics; '' when nothing is left. */
export function termOf(part: string, language: string): string {
  const folded = normaliseWord(part, language);
  const stemIn = /\d|[._@&'+#-]/u.test(folded) ? undefined : stemmingLanguage(scriptOf(folded), language);
  const stemmed = stemIn === undefined || folded.length > MAX_TERM ? folded : stemWord(folded, stemIn);
  return cut(withoutDiacritics(stemmed === '' ? folded : stemmed, language));
}

function cut(term: string): string {
  if (term.length <= MAX_TERM) return term;
  const last = term.charCodeAt(MAX_TERM - 1);
  return term.slice(0, last >= 0xd800 && last < 0xdc00 ? MAX_TERM - 1 : MAX_TERM);
}

const SIMPLE_DENSE = /^[\u0e00-\u0eff\u3041-\u3096\u30a1-\u30fa\u30fc\u4e00-\u9fff\uac00-\ud7a3]+$/u;

/** The terms of a run of a script without spaces: every two neighbouring characters, or the only one. */
export function denseTerms(run: string): string[] {
  const simple = SIMPLE_DENSE.test(run);
  const chars = simple ? run : Array.from(run.normalize('NFKC').replace(INVISIBLE, ''));
  if (chars.length < 2) return chars.length === 0 ? [] : [chars[0] as string];
  const terms: string[] = [];
  for (let i = 0; i + 1 < chars.length; i++) terms.push((chars[i] as string) + (chars[i + 1] as string));
  return terms;
}
