import { readFileSync, writeFileSync } from 'node:fs';

/** Memory of another process in MB, where the system tells (Linux): resident now, or at its highest so far. */
export function processMemoryMb(pid: number | undefined, field: 'VmRSS' | 'VmHWM'): number | undefined {
  try {
    const kilobytes = new RegExp(`${field}:\\s*(\\d+)`).exec(
      readFileSync(`/proc/${pid}/status`, 'latin1'),
    )?.[1];
    return kilobytes === undefined ? undefined : (Number(kilobytes) * 1024) / 1e6;
  } catch {
    return undefined;
  }
}

/** Where memory runs out, the system (Linux) ends this process before any other: `proc(5)`, `oom_score_adj`. */
export function endFirstWhereMemoryRunsOut(pid: number | undefined): void {
  try {
    writeFileSync(`/proc/${pid}/oom_score_adj`, '1000');
  } catch {
    // another system, or it has ended
  }
}
