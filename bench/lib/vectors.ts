import { randomNumbers } from './words.ts';

export interface VectorSet {
  readonly count: number;
  readonly dimensions: number;
  /** The same seed gives the same clusters. */
  readonly seed: number;
  /** Which sample of these clusters: questions are drawn from another than the passages. */
  readonly stream?: number;
}

const CLUSTERS = 256;
/**
 * Share of a vector that is its own; the rest is its cluster's. With 0.8 the tenth neighbour's cosine
 * lies near 0.5 to 0.7, as between passages of one subject and their questions.
 */
const OWN_SHARE = 0.8;

/** L2-normalized vectors in clusters of uneven sizes, with dimensions of uneven weight, as embeddings have them. */
export function makeVectors(set: VectorSet): Float32Array[] {
  return Array.from(eachVector(set));
}

/** The same one by one, for sets that do not fit into memory. */
export function* eachVector({ count, dimensions, seed, stream = 0 }: VectorSet): Generator<Float32Array> {
  const shapes = normalNumbers(seed);
  const weights = Float32Array.from({ length: dimensions }, () => Math.exp(0.4 * shapes()));
  const centres = Array.from({ length: CLUSTERS }, () => Float32Array.from({ length: dimensions }, shapes));
  const random = randomNumbers(seed * 31 + stream + 1);
  const normal = normalNumbers(seed * 31 + stream + 2);
  for (let made = 0; made < count; made++) {
    // squaring makes some clusters far larger than others
    const centre = centres[Math.floor(random() ** 2 * CLUSTERS)] as Float32Array;
    const vector = new Float32Array(dimensions);
    let squares = 0;
    for (let i = 0; i < dimensions; i++) {
      const x = (weights[i] as number) * ((centre[i] as number) + OWN_SHARE * normal());
      vector[i] = x;
      squares += x * x;
    }
    const length = Math.sqrt(squares);
    for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] as number) / length;
    yield vector;
  }
}

/** Box and Muller: normal with mean 0 and deviation 1. */
function normalNumbers(seed: number): () => number {
  const random = randomNumbers(seed);
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const ready = spare;
      spare = undefined;
      return ready;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}
