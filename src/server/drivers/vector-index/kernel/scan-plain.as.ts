// AssemblyScript: the twin of scan.as.ts for engines without relaxed SIMD; the sums are the same. One row is finished before the next: interleaving rows is 1.5 times slower (measured).

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
