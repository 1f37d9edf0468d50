import { expect, test } from 'vitest';
import { makeVectors } from '../../../../bench/lib/vectors.ts';
import { compileKernel, instantiateKernel, type Kernel } from './kernel.ts';
import { quantizeQuery, quantizeRow, strideOf } from './quantize.ts';

const ROWS = 37;
const CODES_AT = 65_536;
const SCORES_AT = 1024;
const ABOVE_AT = 2048;
const QUERY_AT = 4096;

/** What the kernel is to compute, in plain JavaScript. */
function scalarScores(
  codes: Uint8Array,
  stride: number,
  query: Int8Array,
  scales: Float32Array,
  bias: number,
): number[] {
  return Array.from(scales, (scale, row) => {
    let sum = 4 * bias;
    for (let i = 0; i < stride; i++) sum += (codes[row * stride + i] as number) * (query[i] as number);
    return Math.fround(Math.fround(scale) * Math.fround(sum));
  });
}

const kernels = (['relaxed', 'plain'] as const).flatMap((name) =>
  [8, 64, 100, 384, 1024].map((dimensions) => [name, dimensions] as const),
);

function lay(name: 'relaxed' | 'plain', dimensions: number) {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 65_536, shared: true });
  const kernel: Kernel = instantiateKernel(compileKernel(name), memory);
  const stride = strideOf(dimensions);
  const scalesAt = CODES_AT + ROWS * stride;
  const codes = new Uint8Array(memory.buffer, CODES_AT, ROWS * stride);
  const scales = new Float32Array(memory.buffer, scalesAt, ROWS);
  const query = new Int8Array(memory.buffer, QUERY_AT, stride);
  const vectors = makeVectors({ count: ROWS, dimensions, seed: dimensions });
  // every code at its outermost: where sums of 16 bits would overflow first
  vectors[0] = new Float32Array(dimensions).fill(1);
  vectors[1] = new Float32Array(dimensions).fill(-1);
  vectors[2] = new Float32Array(dimensions);
  vectors.forEach((vector, row) => {
    scales[row] = quantizeRow(vector, codes.subarray(row * stride, (row + 1) * stride));
  });
  const score = (vector: Float32Array) => {
    const { bias } = quantizeQuery(vector, query);
    kernel.scan(CODES_AT, ROWS, stride, QUERY_AT, SCORES_AT, scalesAt, bias);
    return {
      scores: Array.from(new Float32Array(memory.buffer, SCORES_AT, ROWS)),
      expected: scalarScores(codes, stride, query, scales, bias),
    };
  };
  return { memory, kernel, vectors, scales, score };
}

test.each(kernels)(
  'the %s kernel computes what its scalar twin computes at %i dimensions',
  (name, dimensions) => {
    const { vectors, score } = lay(name, dimensions);
    for (const vector of vectors) {
      const { scores, expected } = score(vector);
      expect(scores).toEqual(expected);
    }
  },
);

test.each(['relaxed', 'plain'] as const)(
  'the %s kernel names exactly the scores above the threshold',
  (name) => {
    const { memory, kernel, vectors, scales, score } = lay(name, 64);
    scales[5] = Number.NaN;
    const { scores } = score(vectors[9] as Float32Array);
    for (const threshold of [Number.NEGATIVE_INFINITY, 0, ...scores.filter((s) => !Number.isNaN(s))]) {
      const count = kernel.above(SCORES_AT, ROWS, threshold, ABOVE_AT);
      const named = Array.from(new Int32Array(memory.buffer, ABOVE_AT, count));
      expect(named).toEqual(
        [...scores.keys()].filter((row) => (scores[row] as number) > Math.fround(threshold)),
      );
      expect(named).not.toContain(5);
    }
  },
);

test('a code is off by at most half a step', () => {
  const [vector] = makeVectors({ count: 1, dimensions: 100, seed: 4 }) as [Float32Array];
  const codes = new Uint8Array(128);
  const scale = quantizeRow(vector, codes);
  vector.forEach((x, i) => {
    expect(Math.abs(((codes[i] as number) - 64) * scale - x)).toBeLessThanOrEqual(scale * 0.5001);
  });
  expect(codes.subarray(100)).toEqual(new Uint8Array(28).fill(64));
});
