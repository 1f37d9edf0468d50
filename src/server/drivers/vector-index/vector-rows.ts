import { AppError } from '../../errors.ts';

/**
 * A stored vector; a copy only where its bytes don't lie as floats must.
 * @throws AppError INDEX_MISMATCH when it was made by another embedder.
 */
export function readVector(data: Uint8Array, dimensions: number): Float32Array {
  if (data.byteLength !== dimensions * 4) {
    throw new AppError(
      'INDEX_MISMATCH',
      `The stored vectors have ${data.byteLength / 4} dimensions, the embedding model makes ${dimensions}: re-index with the new model.`,
    );
  }
  return data.byteOffset % 4 === 0
    ? new Float32Array(data.buffer, data.byteOffset, dimensions)
    : // a Buffer's own `slice` copies nothing
      new Float32Array(Uint8Array.prototype.slice.call(data).buffer);
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** @throws AppError INDEX_MISMATCH when the question was embedded by another model than the index. */
export function needDimensions(vector: Float32Array, dimensions: number): void {
  if (vector.length !== dimensions)
    throw new AppError(
      'INDEX_MISMATCH',
      `The question's vector has ${vector.length} dimensions, the index ${dimensions}.`,
    );
}
