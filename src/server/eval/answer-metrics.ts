/** One question, and what was said to it. */
export interface Reply {
  readonly id: string;
  readonly answerable: boolean;
  readonly answered: boolean;
  /** The first statement, and all of them, hold one of the right answers word for word. */
  readonly rightFirst: boolean;
  readonly right: boolean;
  /** Of the best statement with the nearest of the right answers, in [0, 1]; 0 where nothing was answered. */
  readonly f1: number;
  /** Documents that the labels name, and those of them that were cited. */
  readonly labelled: number;
  readonly labelledCited: number;
  readonly citations: readonly {
    /** It stands in a document that the labels name for this question. */
    readonly relevant: boolean;
    /** Its quote is the slice of the page that it names. */
    readonly exact: boolean;
  }[];
}

export interface AnswerScores {
  readonly questions: number;
  readonly answerable: number;
  /** Of the answers given, those to questions that have one; and of these questions, those answered. */
  readonly answeredPrecision: number;
  readonly answeredRecall: number;
  /** The same of refusals; NaN in a set where every question has an answer. */
  readonly refusedPrecision: number;
  readonly refusedRecall: number;
  /** Of the answered questions that have an answer, those whose (first) statement holds it. */
  readonly rightFirst: number;
  readonly right: number;
  /** Mean of the same. */
  readonly f1: number;
  /** Of the documents that the labels name for these questions, those that were cited. */
  readonly citationRecall: number;
  /** Of the citations of these answers, those in a document that the labels name; of all, those whose quote is a slice. */
  readonly citationPrecision: number;
  readonly exactQuotes: number;
}

export function scoreReplies(replies: readonly Reply[]): AnswerScores {
  const answerable = replies.filter((reply) => reply.answerable);
  const answered = replies.filter((reply) => reply.answered);
  const refused = replies.filter((reply) => !reply.answered);
  const both = answered.filter((reply) => reply.answerable);
  const citations = both.flatMap((reply) => reply.citations);
  const allCitations = answered.flatMap((reply) => reply.citations);
  const refusedRightly = refused.filter((reply) => !reply.answerable);
  return {
    questions: replies.length,
    answerable: answerable.length,
    answeredPrecision: both.length / answered.length,
    answeredRecall: both.length / answerable.length,
    refusedPrecision: refusedRightly.length / refused.length,
    refusedRecall: refusedRightly.length / (replies.length - answerable.length),
    rightFirst: both.filter((reply) => reply.rightFirst).length / both.length,
    right: both.filter((reply) => reply.right).length / both.length,
    f1: sum(both.map((reply) => reply.f1)) / both.length,
    citationRecall: sum(both.map((reply) => reply.labelledCited)) / sum(both.map((reply) => reply.labelled)),
    citationPrecision: citations.filter(({ relevant }) => relevant).length / citations.length,
    exactQuotes: allCitations.filter(({ exact }) => exact).length / allCitations.length,
  };
}

/** Whether a text holds one of the answers, whatever the case, punctuation and spaces. */
export function holdsAnswer(text: string, answers: readonly string[]): boolean {
  const within = bare(text);
  return answers.some((answer) => within.includes(bare(answer)));
}

/**
 * Token F1 as SQuAD counts it (Rajpurkar et al. 2016), of the nearest of the answers. Words are those of Unicode, and
 * characters where a script writes without spaces; articles count.
 */
export function tokenF1(text: string, answers: readonly string[]): number {
  const said = tokensOf(text);
  return Math.max(
    0,
    ...answers.map((answer) => {
      const wanted = tokensOf(answer);
      const left = new Map<string, number>();
      for (const token of wanted) left.set(token, (left.get(token) ?? 0) + 1);
      let common = 0;
      for (const token of said) {
        const count = left.get(token) ?? 0;
        if (count === 0) continue;
        left.set(token, count - 1);
        common++;
      }
      return common === 0 ? 0 : (2 * common) / (said.length + wanted.length);
    }),
  );
}

const UNSPACED = '\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}';
const TOKEN = new RegExp(`[${UNSPACED}]|(?:(?![${UNSPACED}])[\\p{L}\\p{N}\\p{M}])+`, 'gu');
const tokensOf = (text: string): string[] => text.normalize('NFKC').toLowerCase().match(TOKEN) ?? [];

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const bare = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, '');
