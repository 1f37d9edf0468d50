import { directiveSpans } from './directives.ts';
import type { PromptPassage } from './prompt-passages.ts';

/** What may stand in an answer made from these passages, and what only instructions hidden in them would put there. */
export interface PassageWords {
  /** Codes, numbers and invented names that stand in such instructions and nowhere else; lower case. */
  readonly barred: readonly string[];
  /** Whether an address stands word for word in what the passages state, or in the question. */
  isKnownAddress(address: string): boolean;
}

export function passageWords(passages: readonly PromptPassage[], question: string): PassageWords {
  let stated = `${question}\n`;
  const ordered: string[] = [];
  for (const { title, text } of passages.flatMap(({ chunks }) => chunks)) {
    stated += `${title}\n`;
    let from = 0;
    for (const { start, end } of directiveSpans(text)) {
      ordered.push(text.slice(start, end));
      stated += text.slice(from, start);
      from = end;
    }
    stated += `${text.slice(from)}\n`;
  }
  const lower = stated.toLowerCase();
  const barred = new Set<string>();
  for (const text of ordered)
    for (const [word] of text.matchAll(WORD))
      if (isMadeUp(word) && !lower.includes(word.toLowerCase())) barred.add(word.toLowerCase());
  return {
    barred: [...barred],
    isKnownAddress: (address) => address.length >= 4 && stated.includes(address),
  };
}

const WORD = /[\p{L}\p{N}](?:[\p{L}\p{N}_.:-]*[\p{L}\p{N}])?/gu;

/** No plain word, which an answer may well need: a code, a time, a long number, a name with capitals inside. */
const isMadeUp = (word: string): boolean =>
  (/\p{Nd}/u.test(word) && (/[^\p{Nd}]/u.test(word) || word.length >= 3)) || /\p{Ll}\p{Lu}/u.test(word);
