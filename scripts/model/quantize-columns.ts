/** The largest code: 7 bits with sign, so that AVX2's 16-bit sums of two products cannot saturate. */
const MAX_CODE = 64;

/**
 * Symmetric quantization with one scale a column: `value ≈ code · scale[column]`.
 *
 * Eight bits would be finer by half, but x86 without VNNI adds two u8·i8 products in 16 bits with saturation,
 * so that vectors differ between processors. Mean cosine to float32 is 0.994 with this (150 abstracts of Cranfield) and 0.989 with one
 * 8-bit scale a matrix.
 *
 * @param values  row-major, `rows × columns`.
 */
export function quantizeColumns(
  values: Float32Array,
  columns: number,
): { codes: Int8Array; scales: Float32Array } {
  const scales = new Float32Array(columns);
  for (let i = 0; i < values.length; i++) {
    const column = i % columns;
    scales[column] = Math.max(scales[column]!, Math.abs(values[i]!) / MAX_CODE);
  }
  const codes = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const scale = scales[i % columns]!;
    if (scale > 0) codes[i] = Math.max(-MAX_CODE, Math.min(MAX_CODE, Math.round(values[i]! / scale)));
  }
  return { codes, scales };
}
