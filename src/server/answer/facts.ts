import { splitWords } from '../text/split-words.ts';
import { isFunctionWord } from '../text/word-terms.ts';

/** What of a statement must stand in its source as it is. */
export interface Facts {
  /** Plain: "1,000", "1 000" and "1.000,0" are alike, "10th" is 10, "seven" is 7. */
  readonly numbers: readonly string[];
  /** Words with a capital that do not begin a sentence for that reason alone, and codes. */
  readonly names: readonly string[];
  /** A word with a capital that may have it only because it begins a sentence. */
  readonly openings: readonly string[];
  /** How often it says that something is not so. */
  readonly negations: number;
}

/** @param language ISO 639-1, or `und`. German nouns count as names. */
export function factsOf(text: string, language: string): Facts {
  const words = wordsOf(text);
  const numbers = new Set<string>();
  for (const match of text.matchAll(NUMBER)) for (const number of plainNumbers(match[0])) numbers.add(number);
  for (const { word } of words) {
    const value = NUMBER_WORDS.get(word.toLowerCase());
    if (value !== undefined) numbers.add(value);
  }
  const names = new Set<string>();
  const openings = new Set<string>();
  for (const [i, { word, start }] of words.entries()) {
    if (/\p{L}/u.test(word) && /\p{Nd}/u.test(word) && !/^\d[\d.,]*\p{Ll}{1,3}$/u.test(word)) names.add(word);
    if (!/^\p{Lu}/u.test(word) || isFunctionWord(word, language)) continue;
    const next = words[i + 1]?.word;
    const begins = BEGINS.test(textBefore(text, start));
    if (!begins || (next !== undefined && /^\p{Lu}/u.test(next)) || /^\p{Lu}{2,}/u.test(word))
      names.add(word);
    else openings.add(word);
  }
  return {
    numbers: [...numbers],
    names: [...names],
    openings: [...openings],
    negations: countNegations(text, language),
  };
}

interface Word {
  readonly word: string;
  readonly start: number;
}

function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  splitWords(text, (start, end, kind) => {
    if (kind === 'word') words.push({ word: text.slice(start, end), start });
  });
  return words;
}

/** As much of it as tells whether a sentence ends there. */
const textBefore = (text: string, at: number): string =>
  at <= LOOK_BACK ? text.slice(0, at) : `x${text.slice(at - LOOK_BACK, at)}`;
const LOOK_BACK = 24;

const BEGINS = /(?:^|[.!?:…]["'”’»)]*\s+|\n\s*(?:[-*•]\s+)?)["'“‘«(]*$/u;
const NUMBER = /\p{Nd}+(?:[.,'’\u00a0\u202f]\p{Nd}+)*/gu;
const GROUPED = /^\d{1,3}(?:([.,'’\u00a0\u202f])\d{3})(?:\1\d{3})*(?:[.,]\d+)?$/u;

function plainNumbers(text: string): string[] {
  const digits = text.replace(/\p{Nd}/gu, (digit) =>
    /[0-9]/.test(digit) ? digit : String(digitValue(digit)),
  );
  const grouping = GROUPED.exec(digits)?.[1];
  if (grouping !== undefined) return [bare(digits.replaceAll(grouping, '').replace(',', '.'))];
  if (/^\d+[.,]\d+$/.test(digits)) return [bare(digits.replace(',', '.'))];
  return digits.split(/\D+/u).map(bare);
}

/** Every script's digits stand in a row that begins at its zero. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) as number;
  let zero = code;
  while (code - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return code - zero;
}

const bare = (number: string): string =>
  number.replace(/^0+(?=\d)/, '').replace(/(\.\d*?)0+$/, (_, kept: string) => (kept === '.' ? '' : kept));

const NUMBER_WORDS = new Map(
  [
    'zero null cero zéro ноль',
    '',
    'two zwei dos deux due два две',
    'three drei tres trois tre три',
    'four vier cuatro quatre quattro четыре',
    'five fünf cinco cinq cinque пять',
    'six sechs seis sei шесть',
    'seven sieben siete sept sette семь',
    'eight acht ocho huit otto восемь',
    'nine neun nueve neuf nove девять',
    'ten zehn diez dix dieci десять',
    'eleven elf once onze undici',
    'twelve zwölf doce douze dodici',
    'thirteen dreizehn trece treize',
    'fourteen vierzehn catorce quatorze',
    'fifteen fünfzehn quince quinze',
    'sixteen sechzehn dieciséis seize',
    'seventeen siebzehn',
    'eighteen achtzehn',
    'nineteen neunzehn',
    'twenty zwanzig veinte vingt venti двадцать',
  ].flatMap((words, value) =>
    words
      .split(' ')
      .filter(Boolean)
      .map((word): [string, string] => [word, String(value)]),
  ),
);

/** By language; one that is not there is looked for in all of them. */
const NEGATIONS: Readonly<Record<string, RegExp>> = {
  en: words("not|no|never|none|nobody|nothing|neither|nor|without|cannot|\\p{L}+n['’]t"),
  de: words('nicht|nichts|kein\\p{L}*|nie|niemals|niemand|weder|ohne'),
  fr: words('ne|pas|jamais|aucune?|sans|ni|rien'),
  es: words('no|nunca|jamás|sin|ningun[ao]?|ningún|ni|nada'),
  it: words('non|mai|senza|nessun[ao]?|né'),
  pt: words('não|nunca|sem|nenhum[a]?|nem'),
  nl: words('niet|geen|nooit|zonder'),
  ru: words('не|нет|никогда|без|ни'),
  ar: words('لا|لم|لن|ليس|ليست|غير'),
  zh: /[不没沒無无未非]/gu,
  ja: /ない|ません|なかった|なく|ず(?=[、。])|不|未|非/gu,
};
const ALL_NEGATIONS = Object.values(NEGATIONS);

function countNegations(text: string, language: string): number {
  const own = NEGATIONS[language];
  const patterns = own === undefined ? ALL_NEGATIONS : [own];
  return Math.max(...patterns.map((pattern) => text.match(pattern)?.length ?? 0));
}

function words(alternatives: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${alternatives})(?![\\p{L}\\p{N}])`, 'giu');
}
