import { GATE } from './constants.ts';
import type { Evidence } from './evidence.ts';

/**
 * How likely the evidence answers the question, in (0, 1): a logistic model over five features, learned by
 * `scripts/learn-gate.ts` from questions with and without an answer in their documents.
 */
export function answerability(evidence: Evidence): number {
  const sum = gateFeatures(evidence).reduce(
    (total, value, i) => total + value * (weightsFor(evidence)[i] as number),
    biasFor(evidence),
  );
  return 1 / (1 + Math.exp(-sum));
}

/** Below it, "not found" is the honest reply. */
export const isAnswerable = (evidence: Evidence): boolean =>
  evidence.sentences.length > 0 && answerability(evidence) >= GATE.threshold;

/** In the order of the learned weights. */
export function gateFeatures({ sentences, passageCosine, passageCoverage }: Evidence): number[] {
  const bestCosine = sentences.reduce((best, { cosine }) => Math.max(best, cosine ?? 0), 0);
  const bestCoverage = sentences.reduce((best, { coverage }) => Math.max(best, coverage), 0);
  return [
    passageCosine ?? 0,
    passageCoverage,
    bestCosine,
    bestCoverage,
    passageCoverage * (passageCosine ?? 0),
  ];
}

const modelFor = ({ passageCosine }: Evidence) => (passageCosine === undefined ? GATE.wordsOnly : GATE.full);
const weightsFor = (evidence: Evidence): readonly number[] => modelFor(evidence).weights;
const biasFor = (evidence: Evidence): number => modelFor(evidence).bias;
