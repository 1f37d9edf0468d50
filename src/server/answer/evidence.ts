import type { QueryTerm } from '../ports/text-index.ts';
import { analysePassage } from '../text/analyse.ts';
import type { Span } from '../text/sentences.ts';
import { sentenceSpans } from '../text/sentences.ts';
import { EMBEDDED_SENTENCES, SENTENCE_WEIGHTS } from './constants.ts';
import type { Retrieved, RetrievedPassage } from './retrieve.ts';

/** One sentence of a passage, weighed against the question. */
export interface Sentence {
  readonly passage: RetrievedPassage;
  /** Within the passage's text. */
  readonly span: Span;
  readonly text: string;
  /** Share of the question's terms, by rarity, that stand in it or in the headings above it; in [0, 1]. */
  readonly coverage: number;
  /** With the question; undefined where no vector was made. */
  readonly cosine: number | undefined;
  readonly score: number;
}

/** What speaks for and against an answer: the gate decides on these alone. */
export interface Evidence {
  /** Best first. */
  readonly sentences: readonly Sentence[];
  /** Best cosine of a passage; undefined where the embedder was away. */
  readonly passageCosine: number | undefined;
  /** Best coverage of the question's terms by one passage. */
  readonly passageCoverage: number;
}

export type EmbedSentences = (texts: readonly string[], signal: AbortSignal) => Promise<Float32Array[]>;

/** So long is no sentence: a line of data, or text without stops. */
const LONGEST_SENTENCE = 1200;

/**
 * Weighs the sentences of the passages. Words are compared for all of them, vectors for the most promising:
 * those whose words and passage promise most.
 */
export async function weighSentences(
  { analysed, vector, passages }: Pick<Retrieved, 'analysed' | 'vector' | 'passages'>,
  mostPassages: number,
  embed: EmbedSentences,
  signal: AbortSignal,
): Promise<Evidence> {
  const rarity = createRarity(analysed.terms, passages);
  const considered = passages.slice(0, mostPassages);
  const best = considered[0]?.score ?? 0;
  const drafts = considered.flatMap((passage) => {
    const above = termsOf(`${passage.title}\n${passage.headingPath.join('\n')}`, passage.language);
    return sentenceSpans(passage.text)
      .filter(({ start, end }) => end - start <= LONGEST_SENTENCE && end - start >= 2)
      .map((span) => {
        const text = passage.text.slice(span.start, span.end);
        const own = termsOf(text, passage.language);
        return {
          passage,
          span,
          text,
          coverage: rarity.coverage(
            (forms) => forms.some((form) => own.has(form)),
            (forms) => forms.some((form) => above.has(form)),
          ),
          relative: best === 0 ? 0 : passage.score / best,
        };
      });
  });
  const promise = (draft: (typeof drafts)[number]) =>
    SENTENCE_WEIGHTS.coverage * draft.coverage + SENTENCE_WEIGHTS.passage * draft.relative;
  const promising = [...drafts].sort((a, b) => promise(b) - promise(a)).slice(0, EMBEDDED_SENTENCES);
  const vectors =
    vector === undefined
      ? []
      : await embed(
          promising.map(({ text }) => text),
          signal,
        );
  const cosines = new Map(
    promising.map((draft, i) => [draft, vector && vectors[i] ? dot(vector, vectors[i]) : undefined]),
  );
  const sentences = drafts
    .map((draft): Sentence => {
      const cosine = cosines.get(draft);
      return {
        passage: draft.passage,
        span: draft.span,
        text: draft.text,
        coverage: draft.coverage,
        cosine,
        score: promise(draft) + SENTENCE_WEIGHTS.cosine * (cosine ?? 0),
      };
    })
    .sort((a, b) => b.score - a.score || a.passage.key - b.passage.key || a.span.start - b.span.start);
  const known = passages.flatMap((passage) => (passage.vector === undefined ? [] : [passage.vector]));
  return {
    sentences,
    passageCosine: known.length === 0 ? undefined : Math.max(...known),
    passageCoverage: Math.max(0, ...rarity.passages),
  };
}

const termsOf = (text: string, language: string): ReadonlyMap<string, number> =>
  analysePassage(text, language).terms;

/** A word of the question counts by how few of the retrieved passages hold it. */
function createRarity(terms: readonly QueryTerm[], passages: readonly RetrievedPassage[]) {
  const held = passages.map((passage) =>
    termsOf(`${passage.title}\n${passage.headingPath.join('\n')}\n${passage.text}`, passage.language),
  );
  const weights = terms.map(({ forms }) => {
    const holding = held.filter((own) => forms.some((form) => own.has(form))).length;
    return Math.log(1 + (held.length - holding + 0.5) / (holding + 0.5));
  });
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  const share = (degreeOf: (forms: readonly string[]) => number) =>
    whole === 0
      ? 0
      : terms.reduce((sum, { forms }, i) => sum + degreeOf(forms) * (weights[i] as number), 0) / whole;
  return {
    /** A word in the headings above counts half. */
    coverage: (
      inSentence: (forms: readonly string[]) => boolean,
      above: (forms: readonly string[]) => boolean,
    ) => share((forms) => (inSentence(forms) ? 1 : above(forms) ? 0.5 : 0)),
    passages: held.map((own) => share((forms) => (forms.some((form) => own.has(form)) ? 1 : 0))),
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
