/**
 * The measured constants of searching and answering, in one place. Each names what set it; `npx ka eval` on the
 * labelled sets measures them again.
 */

/** Chunks that each index gives to the fusion. */
export const CANDIDATES = 100;

/** Passages that an extractive answer is taken from. */
export const ANSWER_PASSAGES = 5;
/**
 * Sentences whose vectors are made for one answer, 2 to 5 ms each in the question's thread and three quarters of an answer's
 * processor time; the others compete by words and passage. Expected words in the first sentence, in the answer, at 3 / 4 / 8:
 * SQuAD 2 .823, .905 / .825, .905 / .826, .911; XQuAD – / .764, .859 / .763, .859; HotpotQA .184, .337 / .184, .347 / .182,
 * .333; RGB .390, .590 / .390, .610 / .390, .610. Answered of those with an answer at 4 / 8: .975 / .976, .970 / .973.
 */
export const EMBEDDED_SENTENCES = 4;
/** At most so many sentences make an answer. */
export const ANSWER_SENTENCES = 3;

/**
 * Weight of the cosine in the fused score, by the language of the question: the bundled model knows English, a
 * little of what is written in Latin letters, and next to nothing else. nDCG@10 at weight 0 / here / 1, all
 * chosen on half of the questions:
 * - English: Cranfield .380 / .428 / .392, CISI .398 / .454 / .424, NPL .444 / .501 / .432, SQuAD 2 .938 / .948 / .841,
 *   HotpotQA .787 / .829 / .776, RGB .528 / .546 / .544, XQuAD .967 / .979 / .936; flat between 0.5 and 0.65
 * - Latin: XQuAD German .929 / .948 / .730, Spanish .944 / .969 / .705; falls above 0.5
 * - others: XQuAD Chinese .965 / .964 / .343, Arabic .948 / .949 / .063, Russian .961 / .962 / .156,
 *   JSQuAD .945 / .944 / .429; falls above 0.25
 */
export const VECTOR_WEIGHTS = { english: 0.6, latin: 0.35, other: 0.15 } as const;

/**
 * How much a sentence's words, its passage and its cosine count. The answer stands in the best sentence (in one
 * of the best three): SQuAD 2 .81 (.94), XQuAD English .85 (.97), Spanish .82 (.93), German .73 (.89), Russian
 * .81 (.92), Chinese .78 (.92), Arabic .69 (.83), JSQuAD .79 (.90).
 */
export const SENTENCE_WEIGHTS = {
  coverage: 0.6,
  passage: 0.3,
  cosine: { english: 0.4, latin: 0.3, other: 0.1 },
} as const;
/** What a word of the question weighs before its rarity: a word that all passages hold still counts a little. */
export const COMMON_WORD_WEIGHT = 0.5;
/** A further sentence joins the answer when its score reaches this share of the best one's. */
export const FURTHER_SENTENCE = 0.85;

/**
 * The gate between an answer and "not found": weights of `gateFeatures`, and the probability from which an
 * answer is given. Learned by `scripts/learn-gate.ts` on half of the questions of SQuAD 2, XQuAD (six
 * languages), JSQuAD, HotpotQA and RGB; on the other half, at these thresholds:
 *
 * | | answered: answer among all, among 1, 3 or 10 documents | refused: no answer in another set, among as few (AUC) |
 * | --- | --- | --- |
 * | english | .978, .957 | .956 (.993), .990 (.996) |
 * | latin | .987, .961 | .980 (.991), .961 (.994) |
 * | other | .989, .950 | 1.000 (1.000), .947 (.994) |
 * | wordsOnly | .982, .951 | .940 (.987), .959 (.991) |
 *
 * Questions that were written to look answerable by the passage (SQuAD 2) pass nine times out of ten (AUC .59):
 * neither words nor vectors tell them apart.
 */
export const GATE = {
  english: { weights: [3.96, 4.08, 0.78, -0.12, 2.01, 0.41, -2.29], bias: -4.9, threshold: 0.35 },
  latin: { weights: [1.46, 2.59, 3.3, 2.53, 4.27, 0.15, -1.01], bias: -4.28, threshold: 0.4 },
  other: { weights: [2.29, 2.94, 4.72, 4.23, 7.25, 0.19, -1.53], bias: -6.83, threshold: 0.5 },
  wordsOnly: { weights: [0, 0, 0.56, 1.05, 7.98, -3.94, -2.24], bias: -2.58, threshold: 0.35 },
} as const;

/** Places of the passages whose vectors are compared with a sentence of a generated answer, some 5 ms each. */
export const VERIFIED_SPANS = 3;
/**
 * Whether a place of a passage bears out a sentence: weights of `SUPPORT_FEATURES` and the probability from which it
 * does, with vectors and by words alone. Learned by `scripts/learn-verifier.ts`, thresholds included (F0.5), on the
 * English half of the articles of SQuAD 2, XQuAD and RGB. On articles that it did not see, what passes is right in .873,
 * .902 and .862 of the cases, and .816, .845 and .723 of what is right passes; of names exchanged within a passage .178,
 * .146 and .167 pass, of altered numbers none. Decision 0005 has the rest.
 */
export const VERIFIER = {
  vectors: {
    weights: [3.24, 2.43, 4.19, -1.89, 0.21, -4.69, -1.36, 0.28, -3.04, -3.39],
    bias: -2.91,
    threshold: 0.7,
  },
  words: {
    weights: [4.71, 4.35, 0, -0.83, 0.3, -4.4, -1.53, 0.06, -2.96, -3.39],
    bias: -1.43,
    threshold: 0.7,
  },
} as const;

/** Passages that a model answers from, as far as they fit. */
export const PROMPT_PASSAGES = 8;
/** For the passages, however much more a model could read: what is further down the ranking seldom answers. */
export const PROMPT_TOKENS = 4000;
/** For an answer. */
export const ANSWER_TOKENS = 800;
/** Shorter passages are read together with their neighbours: half a full chunk. */
export const SHORT_PASSAGE_TOKENS = 100;
/** Share of the shorter passage's words that the other one holds too. */
export const NEAR_DUPLICATE = 0.9;

/** Of a conversation, for reading a follow-up: some ten exchanges. */
export const HISTORY_TOKENS = 1500;
/** Of an answer in it. */
export const HISTORY_ANSWER_TOKENS = 120;
export const REWRITE_TOKENS = 200;
export const SUMMARY_TOKENS = 250;
