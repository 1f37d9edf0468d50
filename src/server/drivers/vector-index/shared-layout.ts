/** How the shared memory begins; slabs follow. Addresses are bytes, a side is 0 (search thread) or 1 (helper). */
const QUERY_BYTES = 8192;
export const MOST_CANDIDATES = 512;
/** Rows of a slab, and of one call of the kernel. */
export const SLAB_ROWS = 1024;
export const MOST_SEGMENTS = 65_536;
/** codes address, scales address, rows, number of the first row. */
export const SEGMENT_WORDS = 4;

const side = { scores: SLAB_ROWS * 4, above: SLAB_ROWS * 4, found: MOST_CANDIDATES * 8 };
const SIDE_BYTES = side.scores + side.above + side.found;

export const QUERY_AT = 1024;
const SIDES_AT = QUERY_AT + QUERY_BYTES;
export const MOST_STRIDE = QUERY_BYTES;
export const scoresAt = (which: number): number => SIDES_AT + which * SIDE_BYTES;
export const aboveAt = (which: number): number => scoresAt(which) + side.scores;
/** MOST_CANDIDATES scores (f32), then as many row numbers (u32). */
export const foundAt = (which: number): number => aboveAt(which) + side.above;
export const foundRowsAt = (which: number): number => foundAt(which) + MOST_CANDIDATES * 4;
export const SEGMENTS_AT = SIDES_AT + 2 * SIDE_BYTES;
export const SLABS_AT = SEGMENTS_AT + MOST_SEGMENTS * SEGMENT_WORDS * 4;

/** Words of the control block, an Int32Array of its own. */
export const CONTROL = {
  turn: 0,
  done: 1,
  next: 2,
  segments: 3,
  wanted: 4,
  bias: 5,
  stride: 6,
  state: 7,
  found: 8,
} as const;
export const CONTROL_WORDS = 16;
