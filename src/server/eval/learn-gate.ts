import { GATE } from '../answer/constants.ts';
import { GATE_FEATURES, type GateModel } from '../answer/gate.ts';
import { loadEvalSet } from './beir.ts';
import { type EvaluationOptions, openEvaluationHouse } from './evaluation-house.ts';
import { type GateSample, gateSamples, type SampleKind, shuffled } from './gate-samples.ts';
import { areaUnderCurve, fitLogistic, type LogisticModel, predict } from './logistic.ts';

/** Questions of one set, and questions to it from each other set. */
const QUESTIONS = 900;
const FOREIGN = 120;

/** A passage that nearly answers is often wanted all the same, and words and vectors hardly tell it apart. */
const WEIGHTS: Record<SampleKind, number> = { whole: 1, alone: 1, absent: 1, foreign: 1, adversarial: 0.3 };
/** Of which one is chosen by hand. */
const THRESHOLDS = [0.3, 0.35, 0.4, 0.45, 0.5];
const isPositive = (kind: SampleKind): boolean => kind === 'whole' || kind === 'alone';

/**
 * Learns the gate on one half of the questions of labelled sets, and reports on the other half, with the gate in
 * force beside it: on sets that it was not learned from, that is its measurement.
 */
export async function learnGate(setDirs: readonly string[], options: EvaluationOptions): Promise<void> {
  const sets = setDirs.map(loadEvalSet);
  const samples: GateSample[] = [];
  for (const set of sets) {
    const house = await openEvaluationHouse(set.documents, options);
    const foreign = sets.filter((other) => other !== set).flatMap((other) => some(other.questions, FOREIGN));
    for await (const sample of gateSamples(house, set, some(set.questions, QUESTIONS), foreign))
      samples.push(sample);
    await house.close();
    options.log(`${set.name}: ${samples.length} samples so far`);
  }
  const models: readonly GateModel[] = ['english', 'latin', 'other', 'wordsOnly'];
  for (const model of models)
    report(
      model,
      model === 'wordsOnly' ? samples.map(withoutCosines) : samples.filter(({ group }) => group === model),
      options.log,
    );
}

const some = <T extends { id: string }>(items: readonly T[], most: number): T[] =>
  items.toSorted((a, b) => shuffled(`some ${a.id}`) - shuffled(`some ${b.id}`)).slice(0, most);

const withoutCosines = (sample: GateSample): GateSample => ({
  ...sample,
  features: [0, 0, ...sample.features.slice(2)],
});

function report(name: GateModel, samples: readonly GateSample[], log: (line: string) => void): void {
  if (new Set(samples.map(({ kind }) => isPositive(kind))).size < 2) {
    log(`\n${name}: no questions with and without an answer to learn from`);
    return;
  }
  const isLearned = ({ id }: GateSample) => shuffled(`half ${id}`) < 0.5;
  const model = fitLogistic(
    samples
      .filter(isLearned)
      .map(({ kind, features }) => ({ features, positive: isPositive(kind), weight: WEIGHTS[kind] })),
  );
  const held = samples.filter((sample) => !isLearned(sample));
  const positives = scores(
    model,
    held.filter(({ kind }) => isPositive(kind)),
  );
  log(`\n${name}: ${samples.length} samples, half of them learned from`);
  log(
    `  ${name}: { weights: [${model.weights.map((weight) => weight.toFixed(2)).join(', ')}], bias: ${model.bias.toFixed(2)} },`,
  );
  log(`  features: ${GATE_FEATURES.join(' · ')}`);
  for (const kind of ['whole', 'alone', 'absent', 'foreign', 'adversarial'] as const) {
    const own = scores(
      model,
      held.filter((sample) => sample.kind === kind),
    );
    if (own.length === 0) continue;
    const share = (threshold: number) => {
      const passed = own.filter((score) => score >= threshold).length / own.length;
      return (isPositive(kind) ? passed : 1 - passed).toFixed(3);
    };
    const shares = THRESHOLDS.map((threshold) => `${share(threshold)} at ${threshold}`).join(', ');
    const curve = isPositive(kind) ? '' : `, AUC ${areaUnderCurve(positives, own).toFixed(3)}`;
    log(`  ${kind} (${own.length}): ${isPositive(kind) ? 'answered' : 'refused'} ${shares}${curve}`);
    log(`    in force: ${shareInForce(name, held, kind).toFixed(3)} at ${GATE[name].threshold}`);
  }
}

/** Of the samples of one kind, those that the gate as it is now treats rightly. */
function shareInForce(name: GateModel, samples: readonly GateSample[], kind: SampleKind): number {
  const own = scores(
    GATE[name],
    samples.filter((sample) => sample.kind === kind),
  );
  const passed = own.filter((score) => score >= GATE[name].threshold).length / own.length;
  return isPositive(kind) ? passed : 1 - passed;
}

const scores = (model: LogisticModel, samples: readonly GateSample[]): number[] =>
  samples.map(({ features }) => predict(model, features));
