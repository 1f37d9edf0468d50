import { SLAB_ROWS, SLABS_AT } from './shared-layout.ts';

/** Fixed-size pieces of one shared WebAssembly memory: codes of SLAB_ROWS rows, then their scales. */
export interface SlabMemory {
  readonly memory: WebAssembly.Memory;
  readonly slabBytes: number;
  /** Address of a free slab; the memory grows when there is none. */
  take(): number;
  give(slab: number): void;
  usedBytes(): number;
}

const PAGE = 65_536;
const MOST_PAGES = 65_536;

/** @param stride bytes of a row of codes. @throws RangeError when 4 GB are used up. */
export function createSlabMemory(stride: number): SlabMemory {
  const memory = new WebAssembly.Memory({
    initial: Math.ceil(SLABS_AT / PAGE),
    maximum: MOST_PAGES,
    shared: true,
  });
  const slabBytes = SLAB_ROWS * (stride + 4);
  const free: number[] = [];
  let top = SLABS_AT;
  return {
    memory,
    slabBytes,
    take() {
      const freed = free.pop();
      if (freed !== undefined) return freed;
      const slab = top;
      const missing = slab + slabBytes - memory.buffer.byteLength;
      if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
      top += slabBytes;
      return slab;
    },
    give: (slab) => void free.push(slab),
    usedBytes: () => top - SLABS_AT - free.length * slabBytes,
  };
}
