import { Worker } from 'node:worker_threads';
import { siblingModule } from '../../threads/rpc.ts';
import { CONTROL } from './shared-layout.ts';

/** A second thread over the same memory, for large scans; ends itself when nothing came for a while. */
export interface ScanHelper {
  /** Wakes it for the segments that are laid out; false when it isn't there (yet): then the caller scans alone. */
  begin(): boolean;
  /** Waits until it has written what it found; returns how many. */
  finish(): number;
  close(): Promise<void>;
}

export interface ScanHelperData {
  readonly memory: WebAssembly.Memory;
  readonly module: WebAssembly.Module;
  readonly control: Int32Array;
  readonly idleMs: number;
}

/** The states of CONTROL.state: only `waiting` can be left by either side, by compare and exchange. */
export const HELPER = { absent: 0, waiting: 1, working: 2, leaving: 3 } as const;

export function createScanHelper(data: ScanHelperData): ScanHelper {
  const { control } = data;
  let worker: Worker | undefined;

  return {
    begin() {
      if (worker === undefined) {
        // the first large scan goes alone while the helper starts
        Atomics.store(control, CONTROL.state, HELPER.absent);
        const started = new Worker(siblingModule('./scan-helper-thread', import.meta.url), {
          name: 'scan-helper',
          workerData: data,
          resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
        });
        started.unref();
        const forget = () => {
          if (worker === started) worker = undefined;
        };
        started.once('exit', forget);
        started.once('error', forget);
        worker = started;
        return false;
      }
      // before the state changes: a helper whose wait just ran out sees it, and may be done before the notice
      Atomics.store(control, CONTROL.done, 0);
      if (Atomics.compareExchange(control, CONTROL.state, HELPER.waiting, HELPER.working) !== HELPER.waiting)
        return false;
      Atomics.add(control, CONTROL.turn, 1);
      Atomics.notify(control, CONTROL.turn);
      return true;
    },
    finish() {
      // a helper that died in between would never answer: the scan itself takes well below a second
      Atomics.wait(control, CONTROL.done, 0, 10_000);
      if (Atomics.load(control, CONTROL.done) === 0) throw new Error('the scan helper does not answer');
      return control[CONTROL.found] as number;
    },
    async close() {
      if (worker === undefined) return;
      const ended = new Promise<void>((resolve) => (worker as Worker).once('exit', () => resolve()));
      Atomics.store(control, CONTROL.state, HELPER.leaving);
      Atomics.add(control, CONTROL.turn, 1);
      Atomics.notify(control, CONTROL.turn);
      worker.ref();
      await ended;
    },
  };
}
