import { factsOf } from '../answer/facts.ts';
import { detectLanguage } from '../text/language.ts';
import { type Span, sentenceSpans } from '../text/sentences.ts';
import type { EvalDocument, EvalSet, LabelledQuestion } from './beir.ts';
import { shuffled } from './gate-samples.ts';

/**
 * A sentence as a model might answer with, and whether its passage bears it out:
 * - `said`: the question turned into a statement with its answer; `quoted`: the passage's own sentence;
 *   `joined`: that sentence and the one after it in one
 * - `number`: the same with one number altered
 * - `entity`: with the answer or a name replaced by another one of the same passage
 * - `invented`: by a name of another article, which the passage does not hold
 * - `negated`: with a "not" put in
 * - `related`: a right statement about another passage of the article; `unrelated`: about another article
 */
export type ClaimKind =
  | 'said'
  | 'quoted'
  | 'joined'
  | 'number'
  | 'entity'
  | 'invented'
  | 'negated'
  | 'related'
  | 'unrelated';

export const isBorneOut = (kind: ClaimKind): boolean =>
  kind === 'said' || kind === 'quoted' || kind === 'joined';

export interface ClaimSample {
  /** Of the question; samples of one question stay together. */
  readonly id: string;
  readonly set: string;
  readonly article: string;
  /** Whether weights and thresholds may be learned from it; else it only reports. */
  readonly learned: boolean;
  readonly kind: ClaimKind;
  readonly question: string;
  readonly claim: string;
  readonly passage: EvalDocument;
  readonly language: string;
}

/**
 * Claims made of the answerable questions of a set whose answer stands in a known passage. An article is on one side
 * of the split in whatever sets and languages it stands, and what is put into a claim about it comes from that side.
 *
 * @param mostOfEach questions of each language.
 */
export function claimSamples(set: EvalSet, mostOfEach: number): ClaimSample[] {
  const byId = new Map(set.documents.map((document) => [document.id, document]));
  const all = set.questions
    .toSorted((a, b) => shuffled(`claim ${a.id}`) - shuffled(`claim ${b.id}`))
    .flatMap((question) => caseOf(question, byId));
  return [...Map.groupBy(all, ({ language }) => language).values()].flatMap((own) => {
    const cases = own.slice(0, mostOfEach);
    const [learned, held] = [true, false].map((side) =>
      cases.filter(({ article }) => isLearned(article) === side),
    );
    return [...samplesOf(set.name, learned ?? [], true), ...samplesOf(set.name, held ?? [], false)];
  });
}

/** Half of the articles, by name. */
const isLearned = (article: string): boolean => shuffled(`claims about ${article}`) < 0.5;

/** "en:Super_Bowl_50-3" and a passage with the title "Super Bowl 50" are of one article. */
const articleOf = ({ id, title }: EvalDocument): string =>
  (title || id.replace(/^[a-z]{2}:/, '').replace(/-\d+$/, '')).replaceAll('_', ' ').toLowerCase();

function samplesOf(set: string, cases: readonly Case[], learned: boolean): ClaimSample[] {
  return cases.flatMap((own, i) => {
    const elsewhere = cases.slice(i + 1).concat(cases.slice(0, i));
    const related = elsewhere.find(
      ({ article, passage }) => article === own.article && passage.id !== own.passage.id,
    );
    const unrelated = elsewhere.find(({ article }) => article !== own.article);
    const claims: [ClaimKind, string | undefined][] = [
      ['said', own.said],
      ['quoted', own.quoted],
      ['joined', own.joined],
      ['number', withOtherNumber(own.said, own.passage.text)],
      ['number', withOtherNumber(own.quoted, own.passage.text)],
      ['entity', withOtherEntity(own, own.said)],
      ['entity', withOtherEntity(own, own.quoted)],
      ['invented', unrelated && withInventedName(own, own.said, unrelated.passage.text)],
      ['invented', unrelated && withInventedName(own, own.quoted, unrelated.passage.text)],
      ['negated', negate(own.said)],
      ['negated', negate(own.quoted)],
      ['related', related?.said],
      ['unrelated', unrelated?.said],
    ];
    return claims.flatMap(([kind, claim]) => {
      if (claim === undefined) return [];
      const { id, article, question, passage, language } = own;
      return [{ id, set, article, learned, kind, question, claim, passage, language }];
    });
  });
}

interface Case {
  readonly id: string;
  readonly article: string;
  readonly question: string;
  readonly answer: string;
  readonly passage: EvalDocument;
  readonly language: string;
  readonly said: string;
  readonly quoted: string;
  readonly joined: string | undefined;
}

function caseOf(
  { id, question, answers, unanswerable, documentIds }: LabelledQuestion,
  byId: ReadonlyMap<string, EvalDocument>,
): Case[] {
  if (unanswerable) return [];
  for (const documentId of documentIds) {
    const passage = byId.get(documentId);
    if (passage === undefined) continue;
    const { text } = passage;
    const answer = answers.find((words) => text.includes(words));
    if (answer === undefined) continue;
    const at = text.indexOf(answer);
    const spans = sentenceSpans(text);
    const i = spans.findIndex(({ start, end }) => start <= at && end >= at + answer.length);
    const span = spans[i];
    if (span === undefined) continue;
    const oneLine = ({ start, end }: Span) => text.slice(start, end).replaceAll(/\s+/gu, ' ');
    const next = spans[i + 1];
    const article = articleOf(passage);
    const language = detectLanguage(text);
    return [
      {
        id,
        article,
        question,
        answer,
        passage,
        language,
        said: asStatement(question, answer),
        quoted: oneLine(span),
        joined: next && `${oneLine(span).replace(/[.!]$/u, '')}, and ${oneLine(next)}`,
      },
    ];
  }
  return [];
}

const ASKED =
  /^(.*?)\b((?:in|on|at|by|for|from|to|of|with|under|during)\s+)?((?:what|which|whose|how (?:many|much|long|old|far|often|tall|large|big|deep|high))(?:\s+(?!is\b|are\b|was\b|were\b|did\b|does\b|do\b|has\b|have\b|had\b|can\b|could\b|would\b|will\b)[\p{Ll}-]+){0,2}|who|whom|when|where|why|how)\s+(.*?)\s*\?*$/iu;

/**
 * The question with its answer in place of what it asks for: "Who built the tower?" and "Ottilie Marsh" give
 * "Ottilie Marsh built the tower." Grammar suffers where the question turned it around; words do not.
 */
function asStatement(question: string, answer: string): string {
  const match = ASKED.exec(question);
  if (match === null) return `${question.replace(/[?？؟\s]+$/u, '')}: ${answer}.`;
  const [, before = '', preposition = '', , rest = ''] = match;
  const turned = /^(?:is|are|was|were|did|does|do|has|have|had|can|could|would|will)\b\s*/iu.exec(rest);
  const sentence =
    turned === null
      ? `${before}${answer} ${rest}`
      : `${before}${rest.slice(/^(?:did|does|do)\b/i.test(rest) ? turned[0].length : 0)} ${preposition}${answer}`;
  return `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`;
}

/** One number altered to one that the passage does not hold; undefined where there is none. */
function withOtherNumber(claim: string, passage: string): string | undefined {
  const numbers = [...claim.matchAll(/\d[\d.,]*\d|\d/gu)];
  const chosen = numbers[Math.floor(shuffled(claim) * numbers.length)];
  if (chosen === undefined) return undefined;
  const present = new Set(factsOf(passage, 'und').numbers);
  for (let step = 1; step < 30; step++) {
    // a figure changed, the form kept
    const digits = chosen[0].split('');
    const places = digits.flatMap((digit, i) => (/\d/.test(digit) ? [i] : []));
    const place =
      places[(Math.floor(shuffled(claim + step) * places.length) + places.length) % places.length];
    if (place === undefined) return undefined;
    digits[place] = String((Number(digits[place]) + step) % 10 || 9);
    const other = digits.join('');
    if (factsOf(other, 'und').numbers.some((number) => present.has(number))) continue;
    return claim.slice(0, chosen.index) + other + claim.slice(chosen.index + chosen[0].length);
  }
  return undefined;
}

/** The answer, or else a name, replaced by another name of the passage that the claim does not hold. */
function withOtherEntity(own: Case, claim: string): string | undefined {
  const others = namePhrases(own.passage.text);
  return withName(own, claim, others);
}

/** The same by a name of another article, of whose words the passage holds none. */
function withInventedName(own: Case, claim: string, elsewhere: string): string | undefined {
  const strangers = namePhrases(elsewhere).filter((name) =>
    name.split(' ').every((word) => !own.passage.text.includes(word)),
  );
  return withName(own, claim, strangers);
}

function withName({ answer, language }: Case, claim: string, names: readonly string[]): string | undefined {
  const isName = /^\p{Lu}/u.test(answer) && !/\d/.test(answer);
  const replaceable = factsOf(claim, language).names.filter((name) => /^\p{Lu}\p{Ll}/u.test(name));
  const victim =
    isName && claim.includes(answer) ? answer : replaceable[Math.floor(shuffled(claim) * replaceable.length)];
  if (victim === undefined) return undefined;
  const others = names.filter((name) => !claim.includes(name) && !victim.includes(name));
  const other = others[Math.floor(shuffled(`${claim} entity`) * others.length)];
  return other === undefined ? undefined : claim.replace(victim, other);
}

/** Runs of capitalised words within sentences. */
const namePhrases = (text: string): string[] => [
  ...new Set([...text.matchAll(/(?<=\p{Ll},? )\p{Lu}\p{Ll}+(?: \p{Lu}\p{Ll}+)*/gu)].map(([name]) => name)),
];

function negate(claim: string): string | undefined {
  const match = /\b(?:is|are|was|were|has|had|can|could|will|would|did)\b(?! not)/u.exec(claim);
  if (match === null) return undefined;
  const end = match.index + match[0].length;
  return `${claim.slice(0, end)} not${claim.slice(end)}`;
}
