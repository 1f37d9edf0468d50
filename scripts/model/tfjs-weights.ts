/** One weight as TensorFlow.js stores it: `value = byte · scale + min`, row-major. */
export interface QuantizedWeight {
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
  readonly scale: number;
  readonly min: number;
}

interface WeightEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly quantization?: { readonly dtype: string; readonly min: number; readonly scale: number };
}

/** Reads by name; @throws Error naming a weight that is missing or has another shape than was asked for. */
export interface TfjsWeights {
  quantized(name: string, shape: readonly number[]): QuantizedWeight;
  floats(name: string, shape: readonly number[]): Float32Array;
}

/**
 * The weights of a TensorFlow.js graph model with one shard.
 *
 * @param manifest  `model.json`: names, shapes and quantization in the order in which they lie in the shard.
 * @param shard  the bytes; entries without quantization are 32-bit constants of the graph.
 */
export function readTfjsWeights(manifest: Buffer, shard: Buffer): TfjsWeights {
  const groups = (JSON.parse(manifest.toString()) as { weightsManifest: { weights: WeightEntry[] }[] })
    .weightsManifest;
  const weights = new Map<string, QuantizedWeight>();
  let offset = 0;
  for (const { name, shape, quantization } of groups.flatMap((group) => group.weights)) {
    const count = shape.reduce((product, dim) => product * dim, 1);
    const end = offset + count * (quantization === undefined ? 4 : 1);
    if (quantization?.dtype === 'uint8') {
      const { scale, min } = quantization;
      weights.set(name, { shape, bytes: shard.subarray(offset, end), scale, min });
    }
    offset = end;
  }
  if (offset !== shard.length)
    throw new Error(`model.json describes ${offset} bytes of weights, but the shard has ${shard.length}`);

  const quantized = (name: string, shape: readonly number[]): QuantizedWeight => {
    const weight = weights.get(name);
    if (weight === undefined) throw new Error(`model.json has no 8-bit weight ${name}`);
    if (weight.shape.join() !== shape.join())
      throw new Error(`the weight ${name} is [${weight.shape}], expected [${shape}]`);
    return weight;
  };
  return {
    quantized,
    floats(name, shape) {
      const { bytes, scale, min } = quantized(name, shape);
      return Float32Array.from(bytes, (byte) => byte * scale + min);
    },
  };
}
