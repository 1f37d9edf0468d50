import { ANSWER_SENTENCES, FURTHER_SENTENCE } from './constants.ts';
import type { Evidence, Sentence } from './evidence.ts';

/**
 * The sentences that make the answer, best first: the best one, and those that come close to it. Nothing is
 * said twice.
 */
export function chooseSentences({ sentences }: Evidence): Sentence[] {
  const chosen: Sentence[] = [];
  const best = sentences[0];
  if (best === undefined) return chosen;
  for (const sentence of sentences) {
    if (chosen.length === ANSWER_SENTENCES || sentence.score < best.score * FURTHER_SENTENCE) break;
    if (!chosen.some((other) => sameWords(other.text, sentence.text))) chosen.push(sentence);
  }
  return chosen;
}

/** Overlapping passages hold the same sentence, and documents quote each other. */
function sameWords(a: string, b: string): boolean {
  const [short, long] = [bare(a), bare(b)].sort((x, y) => x.length - y.length) as [string, string];
  return long.includes(short);
}
const bare = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

export const NOT_FOUND = "Your documents don't say: nothing in them answers this question.";
