import { UpstreamError } from '../errors.ts';
import type { QueryTerm } from '../ports/text-index.ts';
import { analysePassage } from '../text/analyse.ts';
import type { Span } from '../text/sentences.ts';
import { COMMON_WORD_WEIGHT, EMBEDDED_SENTENCES, SENTENCE_WEIGHTS } from './constants.ts';
import { type LanguageGroup, languageGroup } from './language-group.ts';
import { namesIn } from './question-names.ts';
import type { Retrieved, RetrievedPassage } from './retrieve.ts';
import { statementSpans } from './statement-spans.ts';

/** One sentence of a passage, weighed against the question. */
export interface Sentence {
  readonly passage: RetrievedPassage;
  /** Within the passage's text. */
  readonly span: Span;
  readonly text: string;
  /** Share of the question's terms, by rarity, that stand in it or (half) in the headings and column names above it; in [0, 1]. */
  readonly coverage: number;
  /** With the question; undefined where no vector was made. */
  readonly cosine: number | undefined;
  readonly score: number;
}

/** What speaks for and against an answer: the gate decides on these alone. */
export interface Evidence {
  /** Best first. */
  readonly sentences: readonly Sentence[];
  /** Of the question. */
  readonly group: LanguageGroup;
  readonly terms: number;
  /** Best cosine of a passage; undefined where the embedder was away. */
  readonly passageCosine: number | undefined;
  /** Best share of the question's terms in one passage, by rarity and plain. */
  readonly passageCoverage: number;
  readonly passageShare: number;
  /** Least share of the question's names and numbers that one passage lacks; 0 where there are none. */
  readonly namesMissing: number;
}

export type EmbedSentences = (texts: readonly string[], signal: AbortSignal) => Promise<Float32Array[]>;

/**
 * Weighs the sentences of the first passages. Words are compared for all of them, vectors for those whose words
 * and passage promise most; without the embedder words decide.
 */
export async function weighSentences(
  { query, analysed, vector, passages }: Pick<Retrieved, 'query' | 'analysed' | 'vector' | 'passages'>,
  mostPassages: number,
  embed: EmbedSentences,
  signal: AbortSignal,
): Promise<Evidence> {
  const group = languageGroup(analysed.language);
  const words = compareWords(query, analysed.terms, passages);
  const drafts = draftSentences(passages.slice(0, mostPassages), words);
  const vectors =
    vector === undefined ? [] : await embedIfPossible(drafts.slice(0, EMBEDDED_SENTENCES), embed, signal);
  const sentences = drafts
    .map(({ promise, ...draft }, i): Sentence => {
      const own = vectors[i];
      const cosine = vector === undefined || own === undefined ? undefined : dot(vector, own);
      return { ...draft, cosine, score: promise + SENTENCE_WEIGHTS.cosine[group] * (cosine ?? 0) };
    })
    .sort(byScore);
  const cosines = passages.flatMap((passage) => passage.vector ?? []);
  return {
    sentences,
    group,
    terms: analysed.terms.length,
    // with no vector for the sentences the gate goes by words: what it learned needs both
    passageCosine: vectors.length === 0 || cosines.length === 0 ? undefined : Math.max(...cosines),
    passageCoverage: Math.max(0, ...words.passages.map(({ coverage }) => coverage)),
    passageShare: Math.max(0, ...words.passages.map(({ share }) => share)),
    namesMissing: Math.min(1, ...words.passages.map(({ missing }) => missing)),
  };
}

interface Draft extends Omit<Sentence, 'cosine' | 'score'> {
  /** The score as far as words and passage make it. */
  readonly promise: number;
}

/** All sentences, the most promising first. */
function draftSentences(passages: readonly RetrievedPassage[], words: WordComparison): Draft[] {
  const best = passages[0]?.score ?? 0;
  const drafts: Draft[] = [];
  for (const passage of passages) {
    const headings = [passage.title, ...passage.headingPath];
    const rank = best > 0 ? passage.score / best : 1;
    const aboveOf = once((columns) => termsOf(`${headings.join('\n')}\n${columns}`, passage.language));
    for (const { columns, ...span } of statementSpans(passage.text, headings, passage.tableHeader)) {
      const text = passage.text.slice(span.start, span.end);
      const coverage = words.coverage(termsOf(text, passage.language), aboveOf(columns));
      const promise = SENTENCE_WEIGHTS.coverage * coverage + SENTENCE_WEIGHTS.passage * rank;
      drafts.push({ passage, span, text, coverage, promise });
    }
  }
  return drafts.sort((a, b) => b.promise - a.promise || byPlace(a, b));
}

const byPlace = (a: Pick<Sentence, 'passage' | 'span'>, b: Pick<Sentence, 'passage' | 'span'>): number =>
  a.passage.key - b.passage.key || a.span.start - b.span.start;
const byScore = (a: Sentence, b: Sentence): number => b.score - a.score || byPlace(a, b);

async function embedIfPossible(
  drafts: readonly Draft[],
  embed: EmbedSentences,
  signal: AbortSignal,
): Promise<Float32Array[]> {
  try {
    return await embed(
      drafts.map(({ text }) => text),
      signal,
    );
  } catch (error) {
    if (error instanceof UpstreamError) return [];
    throw error;
  }
}

type Terms = ReadonlyMap<string, number>;
const termsOf = (text: string, language: string): Terms => analysePassage(text, language).terms;
const contextOf = ({ title, headingPath, tableHeader }: RetrievedPassage): string =>
  [title, ...headingPath, tableHeader ?? ''].join('\n');

/** A table's rows share their columns: these are analysed once. */
function once(analyse: (columns: string) => Terms): (columns: string) => Terms {
  const known = new Map<string, Terms>();
  return (columns) => {
    const terms = known.get(columns) ?? analyse(columns);
    known.set(columns, terms);
    return terms;
  };
}

interface WordComparison {
  /** Share of the question's terms by rarity; a term that only stands above it counts half. */
  coverage(own: Terms, above: Terms): number;
  readonly passages: readonly {
    readonly coverage: number;
    readonly share: number;
    readonly missing: number;
  }[];
}

/** A word of the question counts by how few of the retrieved passages hold it. */
function compareWords(
  query: string,
  terms: readonly QueryTerm[],
  passages: readonly RetrievedPassage[],
): WordComparison {
  const held = passages.map((passage) => termsOf(`${contextOf(passage)}\n${passage.text}`, passage.language));
  const holds = (own: Terms) => (term: QueryTerm) => term.forms.some((form) => own.has(form));
  const weights = terms.map((term) => {
    const holding = held.filter((own) => holds(own)(term)).length;
    return COMMON_WORD_WEIGHT + Math.log(1 + (held.length - holding + 0.5) / (holding + 0.5));
  });
  const named = namesIn(query).join(' ');
  const nameForms = new Set(
    [...new Set(passages.map(({ language }) => language))].flatMap((language) => [
      ...termsOf(named, language).keys(),
    ]),
  );
  const names = terms.filter(({ forms }) => forms.some((form) => nameForms.has(form)));
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const coverage = (degreeOf: (term: QueryTerm) => number) =>
    whole === 0
      ? 0
      : terms.reduce((sum, term, i) => sum + degreeOf(term) * (weights[i] as number), 0) / whole;
  return {
    coverage: (own, above) => coverage((term) => (holds(own)(term) ? 1 : holds(above)(term) ? 0.5 : 0)),
    passages: held.map((own) => ({
      coverage: coverage((term) => (holds(own)(term) ? 1 : 0)),
      share: terms.length === 0 ? 0 : terms.filter(holds(own)).length / terms.length,
      missing: names.length === 0 ? 0 : 1 - names.filter(holds(own)).length / names.length,
    })),
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
