import { workerData } from 'node:worker_threads';
import { instantiateKernel } from './kernel.ts';
import { HELPER, type ScanHelperData } from './scan-helper.ts';
import { scanSegments } from './scan-segments.ts';
import { CONTROL } from './shared-layout.ts';

const { memory, module, control, idleMs } = workerData as ScanHelperData;
const kernel = instantiateKernel(module, memory);
const become = (from: number, to: number) =>
  Atomics.compareExchange(control, CONTROL.state, from, to) === from;

let turn = Atomics.load(control, CONTROL.turn);
// told to leave before it came up, it never waits
for (let stays = become(HELPER.absent, HELPER.waiting); stays; ) {
  const woken = Atomics.wait(control, CONTROL.turn, turn, idleMs);
  turn = Atomics.load(control, CONTROL.turn);
  if (woken === 'timed-out' && become(HELPER.waiting, HELPER.leaving)) break;
  if (Atomics.load(control, CONTROL.state) === HELPER.leaving) break;
  if (Atomics.load(control, CONTROL.state) !== HELPER.working) continue;
  control[CONTROL.found] = scanSegments(kernel, memory.buffer, control, 1);
  stays = become(HELPER.working, HELPER.waiting);
  Atomics.store(control, CONTROL.done, 1);
  Atomics.notify(control, CONTROL.done);
}
