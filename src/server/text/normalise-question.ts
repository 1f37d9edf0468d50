/**
 * One form for questions that ask the same in the same words: for cache keys. Case, spacing, compatibility
 * forms and closing marks do not matter; capitals inside a word of two or more do ("IT" is not "it").
 */
export function normaliseQuestion(question: string): string {
  return question
    .normalize('NFKC')
    .replace(/\s+/gu, ' ')
    .trim()
    .replace(/[\s?!.。？！؟]+$/u, '')
    .replace(/\p{L}+/gu, (word) => (/^\p{Lu}{2,}$/u.test(word) ? word : word.toLowerCase()));
}
