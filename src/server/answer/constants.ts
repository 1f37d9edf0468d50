/**
 * The measured constants of searching and answering, in one place. Each names what set it; `npx ka eval` on the
 * labelled sets measures them again.
 */

/** Chunks that each index gives to the fusion. */
export const CANDIDATES = 100;

/** Passages that an extractive answer is taken from. */
export const ANSWER_PASSAGES = 5;
/** Sentences whose vectors are made for one answer: each costs some 5 ms of the question's thread. */
export const EMBEDDED_SENTENCES = 12;
/** At most so many sentences make an answer. */
export const ANSWER_SENTENCES = 3;

/**
 * Weight of the cosine in the fused score, by the language of the question. The bundled model knows English:
 * elsewhere words weigh more (Cranfield, CISI, XQuAD).
 */
export function vectorWeight(language: string): number {
  if (language === 'en' || language === 'und') return 0.7;
  return LATIN.has(language) ? 0.3 : 0.2;
}
const LATIN = new Set(
  'af ca cs cy da de es et eu fi fr ga gl hr hu id is it la lt lv ms nl no nb nn pl pt ro sk sl sq sv sw tl tr vi'.split(
    ' ',
  ),
);

/** How much a sentence's cosine, its words and its passage count (answer in the first sentence .78 on XQuAD). */
export const SENTENCE_WEIGHTS = { cosine: 0.6, coverage: 0.36, passage: 0.5 } as const;
/** A further sentence joins the answer when its score reaches this share of the best one's. */
export const FURTHER_SENTENCE = 0.85;

/**
 * The gate between an answer and "not found": weights of `gateFeatures`, and the probability from which an
 * answer is given. `wordsOnly` is for questions without a vector.
 */
export const GATE = {
  full: { weights: [2, 4, 3, 2, 2], bias: -5 },
  wordsOnly: { weights: [0, 6, 0, 4, 0], bias: -5 },
  threshold: 0.5,
} as const;
