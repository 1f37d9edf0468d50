// AssemblyScript. One row is finished before the next: interleaving rows is 1.5 times slower (measured).
// Codes are 1..127 (so a lane product fits seven bits on one side), the query's are -63..63, so that the sum of
// two relaxed products stays within 16 bits: 4 · 63 · 127 = 32,004.

/** Scores of `rows` rows: scale · (Σ query·code − 64·Σ query), the second part given as `bias` for each of four lanes. */
export function scan(codes: usize, rows: i32, stride: usize, query: usize, scores: usize, scales: usize, bias: i32): void {
  const ones = i16x8.splat(1);
  for (let row = 0; row < rows; row++) {
    let sum = i32x4.splat(bias);
    for (let at: usize = 0; at < stride; at += 64) {
      const c = codes + at;
      const q = query + at;
      const low = i16x8.add(
        i16x8.relaxed_dot_i8x16_i7x16_s(v128.load(q), v128.load(c)),
        i16x8.relaxed_dot_i8x16_i7x16_s(v128.load(q, 16), v128.load(c, 16)),
      );
      const high = i16x8.add(
        i16x8.relaxed_dot_i8x16_i7x16_s(v128.load(q, 32), v128.load(c, 32)),
        i16x8.relaxed_dot_i8x16_i7x16_s(v128.load(q, 48), v128.load(c, 48)),
      );
      sum = i32x4.add(sum, i32x4.add(i32x4.dot_i16x8_s(low, ones), i32x4.dot_i16x8_s(high, ones)));
    }
    store<f32>(scores, load<f32>(scales) * <f32>lanes(sum));
    codes += stride;
    scores += 4;
    scales += 4;
  }
}

// @ts-ignore: decorator
@inline
function lanes(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

/** Positions of the scores above `threshold`, as u32 at `out`; returns how many. A dead row's NaN is never above. */
export function above(scores: usize, rows: i32, threshold: f32, out: usize): i32 {
  const limit = f32x4.splat(threshold);
  let count = 0;
  let row = 0;
  for (; row + 8 <= rows; row += 8) {
    const at = scores + (<usize>row << 2);
    if (!v128.any_true(v128.or(f32x4.gt(v128.load(at), limit), f32x4.gt(v128.load(at, 16), limit)))) continue;
    for (let i = row; i < row + 8; i++) {
      if (load<f32>(scores + (<usize>i << 2)) > threshold) {
        store<i32>(out + (<usize>count << 2), i);
        count++;
      }
    }
  }
  for (; row < rows; row++) {
    if (load<f32>(scores + (<usize>row << 2)) > threshold) {
      store<i32>(out + (<usize>count << 2), row);
      count++;
    }
  }
  return count;
}
