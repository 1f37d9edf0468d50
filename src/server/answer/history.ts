import { cutWithin, estimateTokens } from '../text/estimate-tokens.ts';
import { HISTORY_ANSWER_TOKENS, HISTORY_TOKENS } from './constants.ts';

/** A question that was asked and what was answered. */
export interface Exchange {
  /** Of the answer. */
  readonly id: string;
  readonly question: string;
  readonly answer: string;
}

/**
 * The latest exchanges that fit the budget, and those before them, which a summary has to stand for.
 * @param exchanges oldest first.
 */
export function trimHistory(exchanges: readonly Exchange[]): {
  readonly older: readonly Exchange[];
  readonly recent: readonly Exchange[];
} {
  let left = HISTORY_TOKENS;
  let from = exchanges.length;
  while (from > 0) {
    const { question, answer } = exchanges[from - 1] as Exchange;
    left -= estimateTokens(question) + Math.min(HISTORY_ANSWER_TOKENS, estimateTokens(answer));
    if (left < 0 && from < exchanges.length) break;
    from--;
  }
  return { older: exchanges.slice(0, from), recent: exchanges.slice(from) };
}

export const historyText = (exchanges: readonly Exchange[]): string =>
  exchanges
    .map(({ question, answer }) => `Question: ${oneLine(question)}\nAnswer: ${shortened(answer)}`)
    .join('\n\n');

/** Markers point at passages that are not there any more; what a question refers to mostly stands at the beginning. */
function shortened(answer: string): string {
  const text = oneLine(answer.replaceAll(/ ?\[\d+\]/gu, ''));
  const cut = cutWithin(text, 0, text.length, HISTORY_ANSWER_TOKENS);
  return cut < text.length ? `${text.slice(0, cut).trimEnd()} …` : text;
}

const oneLine = (text: string): string => text.replaceAll(/\s+/gu, ' ').trim();
