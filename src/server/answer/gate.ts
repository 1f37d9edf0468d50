import { GATE } from './constants.ts';
import type { Evidence } from './evidence.ts';

/** Below it, "not found" is the honest reply. */
export const isAnswerable = (evidence: Evidence): boolean =>
  evidence.sentences.length > 0 && answerability(evidence) >= GATE[gateModel(evidence)].threshold;

/**
 * How likely the evidence answers the question, in (0, 1): a logistic model for each group of languages, and
 * one for questions without a vector, learned by `scripts/learn-gate.ts`.
 */
export function answerability(evidence: Evidence): number {
  const { weights, bias } = GATE[gateModel(evidence)];
  const features: readonly number[] = gateFeatures(evidence);
  const sum = features.reduce((total, value, i) => total + value * (weights[i] as number), bias);
  return 1 / (1 + Math.exp(-sum));
}

export type GateModel = Evidence['group'] | 'wordsOnly';

const gateModel = ({ passageCosine, group }: Evidence): GateModel =>
  passageCosine === undefined ? 'wordsOnly' : group;

export const GATE_FEATURES = [
  'best cosine of a passage',
  'best cosine of a sentence',
  'best coverage by a passage',
  'best coverage by a sentence',
  'best share of terms in a passage',
  'one over the number of terms',
  'share of names and numbers missing',
] as const;

/** In the order of `GATE_FEATURES`; the cosines are 0 where there are none. */
export function gateFeatures({
  sentences,
  passageCosine = 0,
  passageCoverage,
  passageShare,
  terms,
  namesMissing,
}: Evidence): number[] {
  const sentenceCosine = sentences.reduce((best, { cosine }) => Math.max(best, cosine ?? 0), 0);
  const sentenceCoverage = sentences.reduce((best, { coverage }) => Math.max(best, coverage), 0);
  return [
    passageCosine,
    sentenceCosine,
    passageCoverage,
    sentenceCoverage,
    passageShare,
    1 / Math.max(1, terms),
    namesMissing,
  ];
}
