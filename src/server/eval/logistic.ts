export interface LogisticModel {
  readonly weights: readonly number[];
  readonly bias: number;
}

export interface Example {
  readonly features: readonly number[];
  readonly positive: boolean;
  /** How much it counts. */
  readonly weight: number;
}

const STEPS = 50;
const SETTLED = 1e-8;

/**
 * Logistic regression by Newton's method.
 * @param ridge penalty on the squared weights, the bias excepted.
 */
export function fitLogistic(examples: readonly Example[], ridge = 1): LogisticModel {
  const size = (examples[0]?.features.length ?? 0) + 1;
  let parameters = new Array<number>(size).fill(0);
  for (let step = 0; step < STEPS; step++) {
    const gradient = new Array<number>(size).fill(0);
    const curvature = Array.from({ length: size }, () => new Array<number>(size).fill(0));
    for (const { features, positive, weight } of examples) {
      const inputs = [1, ...features];
      const expected = 1 / (1 + Math.exp(-dot(inputs, parameters)));
      for (const [j, x] of inputs.entries()) {
        gradient[j]! += weight * ((positive ? 1 : 0) - expected) * x;
        for (const [k, y] of inputs.entries())
          curvature[j]![k]! += weight * expected * (1 - expected) * x * y;
      }
    }
    for (let j = 1; j < size; j++) {
      gradient[j]! -= ridge * (parameters[j] as number);
      curvature[j]![j]! += ridge;
    }
    const change = solve(curvature, gradient);
    parameters = parameters.map((value, j) => value + (change[j] as number));
    if (Math.max(...change.map(Math.abs)) < SETTLED) break;
  }
  const [bias = 0, ...weights] = parameters;
  return { weights, bias };
}

export const predict = ({ weights, bias }: LogisticModel, features: readonly number[]): number =>
  1 / (1 + Math.exp(-(bias + dot(features, weights))));

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);

/** Gauss-Jordan elimination with pivots. */
function solve(matrix: readonly (readonly number[])[], right: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row, right[i] as number]);
  for (let i = 0; i < rows.length; i++) {
    let pivot = i;
    for (let r = i + 1; r < rows.length; r++)
      if (Math.abs(rows[r]![i]!) > Math.abs(rows[pivot]![i]!)) pivot = r;
    [rows[i], rows[pivot]] = [rows[pivot]!, rows[i]!];
    for (const [r, row] of rows.entries()) {
      if (r === i) continue;
      const factor = row[i]! / rows[i]![i]!;
      for (let c = i; c <= rows.length; c++) row[c]! -= factor * rows[i]![c]!;
    }
  }
  return rows.map((row, i) => row[rows.length]! / row[i]!);
}

/** Area under the ROC curve: how often a positive stands above a negative; equal ones count half. */
export function areaUnderCurve(positives: readonly number[], negatives: readonly number[]): number {
  const all = [
    ...positives.map((score) => ({ score, positive: true })),
    ...negatives.map((score) => ({ score, positive: false })),
  ].sort((a, b) => a.score - b.score);
  let rankSum = 0;
  for (let from = 0; from < all.length; ) {
    let to = from;
    while (to < all.length && all[to]!.score === all[from]!.score) to++;
    for (let i = from; i < to; i++) if (all[i]!.positive) rankSum += (from + to + 1) / 2;
    from = to;
  }
  return (rankSum - (positives.length * (positives.length + 1)) / 2) / (positives.length * negatives.length);
}
