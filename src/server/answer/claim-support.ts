import { analysePassage, wordTerms } from '../text/analyse.ts';
import { splitWords } from '../text/split-words.ts';
import { isFunctionWord } from '../text/word-terms.ts';
import { VERIFIER } from './constants.ts';
import { type Facts, factsOf } from './facts.ts';

/** Words and facts of a claim or of a text that may bear it out. */
export interface Reading {
  readonly terms: ReadonlyMap<string, number>;
  /** Its terms one after the other. */
  readonly sequence: readonly string[];
  readonly facts: Facts;
  /** Index terms of the names. */
  readonly names: readonly string[];
  /** And of words that may be names. */
  readonly openings: readonly string[];
}

/** @param language of the passages: both sides are compared by the same stems. */
export function readText(text: string, language: string): Reading {
  const facts = factsOf(text, language);
  return {
    terms: analysePassage(text, language).terms,
    sequence: termSequence(text, language),
    facts,
    names: termsOf(facts.names, language),
    openings: termsOf(facts.openings, language),
  };
}

/** What several texts hold together, with no second look at any. */
export function joinReadings(readings: readonly Reading[]): Reading {
  const terms = new Map<string, number>();
  for (const reading of readings)
    for (const [term, count] of reading.terms) terms.set(term, (terms.get(term) ?? 0) + count);
  const all = (of: (reading: Reading) => readonly string[]) => [...new Set(readings.flatMap(of))];
  return {
    terms,
    sequence: readings.flatMap(({ sequence }) => sequence),
    facts: {
      numbers: all(({ facts }) => facts.numbers),
      names: all(({ facts }) => facts.names),
      openings: all(({ facts }) => facts.openings),
      negations: readings.reduce((sum, { facts }) => sum + facts.negations, 0),
    },
    names: all(({ names }) => names),
    openings: all(({ openings }) => openings),
  };
}

const termsOf = (words: readonly string[], language: string): string[] =>
  words.length === 0 ? [] : [...analysePassage(words.join(' \n '), language).terms.keys()];

function termSequence(text: string, language: string): string[] {
  const sequence: string[] = [];
  splitWords(text, (start, end, kind, joined) => {
    const word = text.slice(start, end);
    if (kind === 'word' && isFunctionWord(word, language)) return;
    sequence.push(...wordTerms(word, kind, joined, language));
  });
  return sequence;
}

/** What stands around a span. */
export interface Surroundings {
  /** The whole passage with its headings. */
  readonly passage: Reading;
  /** Title, headings and names of columns: what they name is named for the span too. */
  readonly headings: Reading;
  /** The sentence before: where its subject may have its name. */
  readonly before: Reading | undefined;
}

/** How a span of a passage stands to a claim; all of it in [0, 1]. */
export interface Support {
  /** Of the claim's terms by rarity: in the span (half: in the headings), and elsewhere in the passage only. */
  readonly coverage: number;
  readonly nearby: number;
  /** Of claim and span; 0 where there are no vectors. */
  readonly cosine: number;
  /** Of the claim's neighbouring terms, those that are near each other in the span, in the same order. */
  readonly order: number;
  /** Numbers of the claim that the span lacks, and that the whole passage lacks: 0, or from a half upwards. */
  readonly numbersMissing: number;
  readonly numbersAbsent: number;
  /** The same for names: those of the headings are there too, those of the sentence before count half. */
  readonly namesMissing: number;
  /** And for names where the span, among the same words, has another name instead. */
  readonly namesReplaced: number;
  /** The words agree and a name does not: one was exchanged. */
  readonly exchanged: number;
  /** 1: one of them says that something is not so, and the other does not. */
  readonly contradicts: number;
}

/** @param rarityOf weight of a term. */
export function supportOf(
  claim: Reading,
  span: Reading,
  { passage, headings, before }: Surroundings,
  cosine: number,
  rarityOf: (term: string) => number,
): Support {
  let whole = 0;
  let held = 0;
  let elsewhere = 0;
  for (const term of claim.terms.keys()) {
    const weight = rarityOf(term);
    whole += weight;
    if (span.terms.has(term)) held += weight;
    else if (headings.terms.has(term)) held += weight / 2;
    else if (passage.terms.has(term)) elsewhere += weight;
  }
  const { numbers } = claim.facts;
  const lacking = claim.names.map((name) =>
    span.terms.has(name) || headings.terms.has(name) ? 0 : before?.terms.has(name) === true ? 0.5 : 1,
  );
  const replaced = replacedNames(claim, span);
  return {
    coverage: whole === 0 ? 0 : held / whole,
    nearby: whole === 0 ? 0 : elsewhere / whole,
    cosine,
    order: orderKept(claim.sequence, span.sequence),
    numbersMissing: worstAndMean(
      numbers.map((number) =>
        span.facts.numbers.includes(number) || headings.facts.numbers.includes(number) ? 0 : 1,
      ),
    ),
    numbersAbsent: worstAndMean(numbers.map((number) => (passage.facts.numbers.includes(number) ? 0 : 1))),
    namesMissing: worstAndMean(lacking),
    namesReplaced: worstAndMean(replaced),
    exchanged: Math.max(0, ...replaced, ...lacking) * contextKept(claim, span),
    contradicts: contradicts(claim, span) ? 1 : 0,
  };
}

/** Share of the claim's terms other than names that the span holds. */
function contextKept(claim: Reading, span: Reading): number {
  const others = [...claim.terms.keys()].filter((term) => !claim.names.includes(term));
  return others.length === 0 ? 0 : others.filter((term) => span.terms.has(term)).length / others.length;
}

/** One denies and the other does not; of two sentences of one length, one denies more. */
function contradicts(claim: Reading, span: Reading): boolean {
  const [own, other] = [claim.facts.negations, span.facts.negations];
  if (own > 0 !== other > 0) return true;
  const [short, long] = [claim.sequence.length, span.sequence.length].sort((a, b) => a - b) as [
    number,
    number,
  ];
  return own !== other && long <= short * 1.2;
}

/** One altered number spoils a claim, however many others are right. */
const worstAndMean = (faults: readonly number[]): number =>
  faults.length === 0
    ? 0
    : (Math.max(...faults) + faults.reduce((sum, fault) => sum + fault, 0) / faults.length) / 2;

/**
 * For each run of names in the claim: 1 when the words next to it stand in the span without it, and with a name
 * that the claim does not hold.
 */
function replacedNames(claim: Reading, span: Reading): number[] {
  const names = new Set([...claim.names, ...claim.openings]);
  const places = placesIn(span.sequence);
  const strangers = [...span.names, ...span.openings]
    .filter((name) => !claim.terms.has(name))
    .flatMap((name) => places.get(name) ?? []);
  const isName = (at: number) => names.has(claim.sequence[at] ?? '');
  const faults: number[] = [];
  for (let from = 0; from < claim.sequence.length; from++) {
    if (!isName(from)) continue;
    let to = from;
    while (isName(to)) to++;
    const run = claim.sequence.slice(from, to);
    const beside = [
      ...claim.sequence.slice(Math.max(0, from - BESIDE), from),
      ...claim.sequence.slice(to, to + BESIDE),
    ].filter((term) => !run.includes(term));
    from = to;
    const around = beside.flatMap((term) => places.get(term) ?? []);
    const held = run.flatMap((term) => places.get(term) ?? []);
    const replaced = nearest(held, around) > BESIDE_REACH && nearest(strangers, around) <= BESIDE_REACH;
    faults.push(replaced ? 1 : 0);
  }
  return faults;
}

/** Words looked at on each side of a name, and how far they may be from it in the span. */
const BESIDE = 2;
const BESIDE_REACH = 3;

function placesIn(sequence: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  for (const [at, term] of sequence.entries()) places.set(term, [...(places.get(term) ?? []), at]);
  return places;
}

const nearest = (a: readonly number[], b: readonly number[]): number =>
  Math.min(...a.flatMap((x) => b.map((y) => Math.abs(x - y))));

function orderKept(claim: readonly string[], span: readonly string[]): number {
  if (claim.length < 2) return claim.every((term) => span.includes(term)) ? 1 : 0;
  const places = placesIn(span);
  let kept = 0;
  for (let i = 1; i < claim.length; i++) {
    const first = places.get(claim[i - 1] as string) ?? [];
    const second = places.get(claim[i] as string) ?? [];
    if (first.some((a) => second.some((b) => b > a && b - a <= NEAR))) kept++;
  }
  return kept / (claim.length - 1);
}

/** Terms apart. */
const NEAR = 3;

export const SUPPORT_FEATURES = [
  'coverage',
  'nearby',
  'cosine',
  'order',
  'numbersMissing',
  'numbersAbsent',
  'namesMissing',
  'namesReplaced',
  'exchanged',
  'contradicts',
] as const satisfies readonly (keyof Support)[];

export const supportFeatures = (support: Support): number[] => SUPPORT_FEATURES.map((name) => support[name]);

/** How likely the span bears out the claim, in (0, 1). */
export function supportProbability(support: Support, withVectors: boolean): number {
  const { weights, bias } = withVectors ? VERIFIER.vectors : VERIFIER.words;
  const sum = supportFeatures(support).reduce(
    (total, value, i) => total + value * (weights[i] as number),
    bias,
  );
  return 1 / (1 + Math.exp(-sum));
}
