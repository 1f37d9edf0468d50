/** One line of the targets' table. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly target: string;
  /** As measured; `unit` says of what. */
  readonly figure: number;
  readonly unit: string;
  readonly ok: boolean;
  /** Spread, conditions, and what else was measured in the same run. */
  readonly detail: string;
}

export interface BenchOptions {
  /** Smaller data and fewer repeats: under three minutes for everything. */
  readonly quick: boolean;
  readonly log: (line: string) => void;
}

/** A file `bench/aNN-name.ts` exports `bench`. */
export interface Bench {
  readonly id: string;
  run(options: BenchOptions): Promise<readonly Row[]>;
}

/** The value below which the share `p` (0..1) of the sample lies (nearest rank). */
export function percentile(sample: readonly number[] | Float64Array, p: number): number {
  const sorted = Float64Array.from(sample).sort();
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

export const round = (value: number, digits = 2): number => Number(value.toFixed(digits));
