import { SUPPORT_FEATURES, supportFeatures, supportProbability } from '../answer/claim-support.ts';
import type { VERIFIER } from '../answer/constants.ts';
import { createVerifier, type Finding } from '../answer/verify.ts';
import { createBundledEmbedder } from '../drivers/embedder/bundled.ts';
import type { FoundChunk } from '../records/hits.ts';
import { detectLanguage } from '../text/language.ts';
import { type EvalDocument, loadEvalSet } from './beir.ts';
import { type ClaimKind, type ClaimSample, claimSamples, isBorneOut } from './claim-samples.ts';
import { keepVectors } from './kept-vectors.ts';
import { areaUnderCurve, fitLogistic, type LogisticModel, predict } from './logistic.ts';

/** Of each set and language. */
const QUESTIONS = 400;
const THRESHOLDS = [0.3, 0.4, 0.5, 0.6, 0.7];
const KINDS: readonly ClaimKind[] = [
  'said',
  'quoted',
  'joined',
  'number',
  'entity',
  'invented',
  'negated',
  'related',
  'unrelated',
];

interface Measured extends ClaimSample {
  readonly finding: Finding | undefined;
}

/**
 * Learns how a passage bears out a claim, on half of the articles of labelled sets in English, and reports on the other
 * half, on their other languages and on whole sets from elsewhere, with the weights in force beside it.
 *
 * @param setDirs sets to learn from.
 * @param outsideDirs sets that only report.
 */
export async function learnVerifier(
  setDirs: readonly string[],
  outsideDirs: readonly string[],
  {
    modelDir,
    cacheDir,
    log,
  }: { readonly modelDir: string; readonly cacheDir: string; readonly log: (line: string) => void },
): Promise<void> {
  const model = createBundledEmbedder({ modelDir });
  const embedder = keepVectors(model, cacheDir);
  const samples: (Measured & { readonly withVectors: boolean })[] = [];
  try {
    for (const dir of [...setDirs, ...outsideDirs]) {
      const set = loadEvalSet(dir);
      for (const sample of claimSamples(set, QUESTIONS))
        for (const withVectors of [true, false]) {
          const embed = async (texts: readonly string[]) =>
            withVectors ? await embedder.embed(texts, 'query') : [];
          const learned = sample.learned && sample.language === 'en' && setDirs.includes(dir);
          samples.push({ ...sample, learned, withVectors, finding: await findSupport(sample, embed) });
        }
      log(`${set.name}: ${samples.length} claims so far`);
    }
  } finally {
    await embedder.close();
  }
  for (const withVectors of [true, false])
    report(
      withVectors ? 'vectors' : 'words',
      samples.filter((sample) => sample.withVectors === withVectors),
      log,
    );
}

async function findSupport(
  { claim, question, passage }: ClaimSample,
  embed: (texts: readonly string[]) => Promise<Float32Array[]>,
): Promise<Finding | undefined> {
  const verifier = createVerifier(new Map([[1, [asChunk(passage)]]]), question, embed);
  const verdict = await verifier.verify({ text: claim, passages: [1] }, new AbortController().signal);
  return verdict?.findings[0];
}

const asChunk = ({ id, title, text }: EvalDocument): FoundChunk => ({
  key: 1,
  documentId: id,
  collectionId: '',
  revision: 1,
  title,
  language: detectLanguage(text),
  page: 1,
  start: 0,
  end: text.length,
  headingPath: [],
  text,
  tableHeader: null,
});

function report(
  name: keyof typeof VERIFIER,
  samples: readonly Measured[],
  log: (line: string) => void,
): void {
  const isLearned = ({ learned }: Measured) => learned;
  const known = samples.filter(({ finding }) => finding !== undefined);
  const model = fitLogistic(
    known.filter(isLearned).map(({ kind, finding }) => ({
      features: supportFeatures((finding as Finding).support),
      positive: isBorneOut(kind),
      weight: isBorneOut(kind) ? 2 : 1,
    })),
  );
  const chosen = THRESHOLDS.toSorted(
    (a, b) =>
      quality(known.filter(isLearned), learnedScore(model), b) -
      quality(known.filter(isLearned), learnedScore(model), a),
  )[0];
  // an article that is learned from in English is not held back in another language
  const seen = new Set(known.filter(isLearned).map(({ article }) => article));
  const held = known.filter(({ article }) => !seen.has(article));
  log(`\n${name}: ${known.length} claims, ${known.length - held.length} of them learned from`);
  log(
    `  ${name}: { weights: [${model.weights.map((weight) => weight.toFixed(2)).join(', ')}], bias: ${model.bias.toFixed(2)}, threshold: ${chosen} },`,
  );
  log(`  features: ${SUPPORT_FEATURES.join(' · ')}`);
  const nameOf = ({ set, language }: Measured) => `${set} ${language}`;
  for (const set of new Set(held.map(nameOf))) {
    const own = held.filter((sample) => nameOf(sample) === set);
    log(`  ${set}: ${new Set(own.map(({ article }) => article)).size} articles, ${own.length} claims`);
    for (const [label, scoreOf] of [
      ['learned', learnedScore(model)],
      ['in force', inForceScore(name)],
    ] as const)
      describe(label, own, scoreOf, log);
  }
}

/** F0.5 of a threshold: a claim that passes wrongly does more harm than one that is doubted wrongly. */
function quality(
  samples: readonly Measured[],
  scoreOf: (sample: Measured) => number,
  threshold: number,
): number {
  const passed = samples.filter((sample) => scoreOf(sample) >= threshold);
  const right = passed.filter(({ kind }) => isBorneOut(kind)).length;
  const positives = samples.filter(({ kind }) => isBorneOut(kind)).length;
  return (1.25 * right) / (0.25 * positives + passed.length);
}

const learnedScore =
  (model: LogisticModel) =>
  ({ finding }: Measured): number =>
    predict(model, supportFeatures((finding as Finding).support));
const inForceScore =
  (name: keyof typeof VERIFIER) =>
  ({ finding }: Measured): number =>
    supportProbability((finding as Finding).support, name === 'vectors');

function describe(
  label: string,
  samples: readonly Measured[],
  scoreOf: (sample: Measured) => number,
  log: (line: string) => void,
): void {
  const scored = samples.map((sample) => ({ kind: sample.kind, score: scoreOf(sample) }));
  const positives = scored.filter(({ kind }) => isBorneOut(kind));
  for (const threshold of THRESHOLDS) {
    const passed = (kind: ClaimKind) => {
      const own = scored.filter((sample) => sample.kind === kind);
      return own.filter(({ score }) => score >= threshold).length / own.length;
    };
    const recall = positives.filter(({ score }) => score >= threshold).length / positives.length;
    const all = scored.filter(({ score }) => score >= threshold);
    const precision = all.filter(({ kind }) => isBorneOut(kind)).length / all.length;
    const shares = KINDS.map((kind) => `${kind} ${percent(passed(kind))}`).join(', ');
    log(
      `    ${label} at ${threshold}: precision ${percent(precision)}, recall ${percent(recall)}; passed: ${shares}`,
    );
  }
  for (const kind of KINDS.filter((each) => !isBorneOut(each))) {
    const own = scored.filter((sample) => sample.kind === kind).map(({ score }) => score);
    if (own.length > 0)
      log(
        `    ${label} ${kind} (${own.length}): AUC ${areaUnderCurve(
          positives.map(({ score }) => score),
          own,
        ).toFixed(3)}`,
      );
  }
}

const percent = (share: number): string => (Number.isNaN(share) ? '–' : `${(100 * share).toFixed(1)} %`);
