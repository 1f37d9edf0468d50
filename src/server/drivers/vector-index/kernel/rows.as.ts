// AssemblyScript: what both kernels share.

// @ts-ignore: decorator
@inline
export function lanes(v: v128): i32 {
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
