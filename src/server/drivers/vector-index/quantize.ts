/** Bytes a row of codes takes: the kernel reads 64 at a time. */
export const strideOf = (dimensions: number): number => Math.ceil(dimensions / 64) * 64;

/**
 * 7-bit codes: `round(x · 63 / max|x|) + 64`, in 1..127; padding is 64, which stands for 0.
 * @param at where in `codes` the row's `stride` bytes begin.
 * @returns the row's scale: `x ≈ (code − 64) · scale`.
 */
export function quantizeRow(
  vector: Float32Array,
  codes: Uint8Array,
  at = 0,
  stride = codes.length - at,
): number {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) {
    const size = Math.abs(vector[i] as number);
    if (size > largest) largest = size;
  }
  const factor = largest === 0 ? 0 : 63 / largest;
  // cutting off 64.5 more than x rounds x: all of these are above zero
  for (let i = 0; i < vector.length; i++) codes[at + i] = ((vector[i] as number) * factor + 64.5) | 0;
  if (vector.length < stride) codes.fill(64, at + vector.length, at + stride);
  return largest / 63;
}

/**
 * The query as signed codes in -63..63, and what the kernel needs to take the codes' offset of 64 back out.
 * The query's own scale changes no order and is left out.
 */
export function quantizeQuery(vector: Float32Array, codes: Int8Array): { bias: number } {
  let largest = 0;
  for (let i = 0; i < vector.length; i++) {
    const size = Math.abs(vector[i] as number);
    if (size > largest) largest = size;
  }
  const factor = largest === 0 ? 0 : 63 / largest;
  codes.fill(0);
  let sum = 0;
  for (let i = 0; i < vector.length; i++) {
    const code = Math.round((vector[i] as number) * factor);
    codes[i] = code;
    sum += code;
  }
  // 64 · sum, spread over the four lanes of the accumulator
  return { bias: -16 * sum };
}
