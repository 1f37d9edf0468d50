/**
 * Names and numbers in a question: words with a capital that do not begin it, and words with a digit. A text
 * that answers usually holds them all, while other words may stand there in other words. German nouns count
 * too; scripts without capitals give numbers only, and so does a question typed in capitals.
 */
export function namesIn(question: string): string[] {
  const shouted = question === question.toUpperCase();
  return [...question.matchAll(WORD)].flatMap(({ 0: word, index }) => {
    if (/\p{Nd}/u.test(word)) return [word];
    const begins = !/[\p{L}\p{N}][^.?!:]*$/u.test(question.slice(0, index));
    return !shouted && !begins && /^\p{Lu}/u.test(word) ? [word] : [];
  });
}

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}'’.,-]*[\p{L}\p{N}\p{M}]|[\p{L}\p{N}]/gu;
