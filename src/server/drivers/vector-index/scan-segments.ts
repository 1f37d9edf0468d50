import type { Kernel } from './kernel.ts';
import {
  aboveAt,
  CONTROL,
  foundAt,
  foundRowsAt,
  QUERY_AT,
  SEGMENT_WORDS,
  SEGMENTS_AT,
  scoresAt,
} from './shared-layout.ts';

/**
 * What one thread takes at a time: a share of what is left, so that many short segments cost few turns at the
 * counter both threads write, and yet both end together. Against four at a time: 11 % less CPU for 50,000 single
 * rows of 1 M, the same for whole slabs.
 */
const SHARE = 1 / 64;
const FEWEST_TAKEN = 4;

/**
 * Takes segments from the shared list until none is left and keeps the best `wanted` rows among them, which
 * it writes to its side of the shared memory; returns how many. Runs in the search thread and its helper alike.
 *
 * However short the pieces of a filter are, each is scanned by a call of its own: memory is what takes the time.
 * Half of 500,000 rows × 384 in pieces of 20 took one thread 13.8 ms so, 20.8 ms when the gaps were read as well,
 * and 14.9 ms when the kernel went from piece to piece by itself; in single rows it was 22.2, 20.8 and 23.9 ms.
 */
export function scanSegments(
  kernel: Kernel,
  buffer: ArrayBufferLike,
  control: Int32Array,
  which: 0 | 1,
): number {
  const total = control[CONTROL.segments] as number;
  const wanted = control[CONTROL.wanted] as number;
  const bias = control[CONTROL.bias] as number;
  const stride = control[CONTROL.stride] as number;
  const segments = new Uint32Array(buffer, SEGMENTS_AT, total * SEGMENT_WORDS);
  const scores = new Float32Array(buffer, scoresAt(which));
  const positions = new Int32Array(buffer, aboveAt(which));
  const bestScores = new Float32Array(buffer, foundAt(which), wanted);
  const bestRows = new Uint32Array(buffer, foundRowsAt(which), wanted);
  let size = 0;

  /** A binary heap with the worst of the best at its root. */
  const offer = (score: number, row: number) => {
    let at: number;
    if (size < wanted) {
      at = size++;
      while (at > 0) {
        const parent = (at - 1) >> 1;
        if ((bestScores[parent] as number) <= score) break;
        bestScores[at] = bestScores[parent] as number;
        bestRows[at] = bestRows[parent] as number;
        at = parent;
      }
    } else {
      at = 0;
      for (;;) {
        let child = 2 * at + 1;
        if (child >= size) break;
        if (child + 1 < size && (bestScores[child + 1] as number) < (bestScores[child] as number)) child++;
        if ((bestScores[child] as number) >= score) break;
        bestScores[at] = bestScores[child] as number;
        bestRows[at] = bestRows[child] as number;
        at = child;
      }
    }
    bestScores[at] = score;
    bestRows[at] = row;
  };

  for (;;) {
    const left = total - Atomics.load(control, CONTROL.next);
    const taken = Math.max(FEWEST_TAKEN, Math.floor(left * SHARE));
    const from = Atomics.add(control, CONTROL.next, taken);
    if (from >= total) return size;
    for (let s = from; s < Math.min(total, from + taken); s++) {
      const at = s * SEGMENT_WORDS;
      const rows = segments[at + 2] as number;
      const first = segments[at + 3] as number;
      kernel.scan(
        segments[at] as number,
        rows,
        stride,
        QUERY_AT,
        scoresAt(which),
        segments[at + 1] as number,
        bias,
      );
      const threshold = size < wanted ? Number.NEGATIVE_INFINITY : (bestScores[0] as number);
      const count = kernel.above(scoresAt(which), rows, threshold, aboveAt(which));
      for (let i = 0; i < count; i++) {
        const position = positions[i] as number;
        const score = scores[position] as number;
        if (size < wanted || score > (bestScores[0] as number)) offer(score, first + position);
      }
    }
  }
}
