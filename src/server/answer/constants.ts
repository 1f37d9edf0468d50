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
 * Weight of the cosine in the fused score, by the language of the question: the bundled model knows English, a
 * little of what is written in Latin letters, and next to nothing else. nDCG@10 at weight 0 / here / 1, all
 * chosen on half of the questions:
 * - English: Cranfield .380 / .428 / .392, CISI .398 / .453 / .424, SQuAD 2 .938 / .950 / .841,
 *   HotpotQA .787 / .831 / .776, XQuAD .967 / .978 / .936; flat between 0.5 and 0.65
 * - Latin: XQuAD German .929 / .948 / .730, Spanish .944 / .969 / .705; falls above 0.5
 * - others: XQuAD Chinese .965 / .964 / .343, Arabic .948 / .949 / .063, Russian .961 / .962 / .156,
 *   JSQuAD .945 / .944 / .429; falls above 0.25
 */
export const VECTOR_WEIGHTS = { english: 0.55, latin: 0.35, other: 0.15 } as const;

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
