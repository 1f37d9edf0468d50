import { lanes } from './rows.as';

export { above } from './rows.as';

// AssemblyScript: the twin of scan.as.ts for engines without relaxed SIMD; the sums are the same. One row is
// finished before the next: interleaving rows was 1.5 times slower.

/** Scores of `rows` rows: scale · (Σ query·code − 64·Σ query), the second part given as `bias` for each of four lanes. */
export function scan(codes: usize, rows: i32, stride: usize, query: usize, scores: usize, scales: usize, bias: i32): void {
  for (let row = 0; row < rows; row++) {
    let sum = i32x4.splat(bias);
    for (let at: usize = 0; at < stride; at += 64) {
      const c = codes + at;
      const q = query + at;
      sum = i32x4.add(sum, i32x4.add(dot(v128.load(q), v128.load(c)), dot(v128.load(q, 16), v128.load(c, 16))));
      sum = i32x4.add(sum, i32x4.add(dot(v128.load(q, 32), v128.load(c, 32)), dot(v128.load(q, 48), v128.load(c, 48))));
    }
    store<f32>(scores, load<f32>(scales) * <f32>lanes(sum));
    codes += stride;
    scores += 4;
    scales += 4;
  }
}

// @ts-ignore: decorator
@inline
function dot(a: v128, b: v128): v128 {
  return i32x4.add(
    i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_s(a), i16x8.extend_low_i8x16_s(b)),
    i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_s(a), i16x8.extend_high_i8x16_s(b)),
  );
}
