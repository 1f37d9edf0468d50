/**
 * Whether people wait for the threads that serve them. The main thread says it and the ingest thread reads it between
 * two steps: priorities share the processor, but not the memory bus, the disk and the write lock.
 */
export const newPressure = (): Int32Array =>
  new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

export function setPressure(pressure: Int32Array, pressed: boolean): void {
  Atomics.store(pressure, 0, Number(pressed));
  Atomics.notify(pressure, 0);
}

/** Called after a step that took `workedMs`: resolves when the next one may begin. */
export type GiveWay = (workedMs: number) => Promise<void>;

/** Work goes on at a quarter of its speed, however long people wait. */
const REST_PER_WORK = 3;
const LONGEST_REST_MS = 1000;

/** Rests while there is pressure, in proportion to the work and never longer than the pressure lasts. */
export const giveWayTo =
  (pressure: Int32Array): GiveWay =>
  async (workedMs) => {
    if (Atomics.load(pressure, 0) === 0) return;
    const restMs = Math.min(LONGEST_REST_MS, REST_PER_WORK * workedMs);
    await Atomics.waitAsync(pressure, 0, 1, restMs).value;
  };
