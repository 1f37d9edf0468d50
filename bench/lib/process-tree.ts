import { readdirSync, readFileSync } from 'node:fs';

/** Resident bytes and CPU milliseconds of a process and all its descendants (Linux: /proc). */
export function measureTree(rootPid: number): { rssBytes: number; cpuMs: number; processes: number } {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      parents.set(Number(entry), Number(statOf(Number(entry))[1]));
    } catch {
      // ended in between
    }
  }
  const tree = [rootPid];
  for (let i = 0; i < tree.length; i++)
    for (const [pid, parent] of parents) if (parent === tree[i]) tree.push(pid);
  let rssBytes = 0;
  let cpuMs = 0;
  for (const pid of tree) {
    try {
      const fields = statOf(pid);
      rssBytes += Number(fields[21]) * 4096;
      // utime and stime in ticks of 10 ms
      cpuMs += (Number(fields[11]) + Number(fields[12])) * 10;
    } catch {
      // ended in between
    }
  }
  return { rssBytes, cpuMs, processes: tree.length };
}

/** The fields of /proc/PID/stat behind the command name: [0] state, [1] parent, … (proc(5) numbers them from 3). */
function statOf(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Samples the tree's resident set until stopped. */
export function sampleRss(pid: number, everyMs = 100): { stop(): { peakBytes: number; samples: number } } {
  let peakBytes = 0;
  let samples = 0;
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, measureTree(pid).rssBytes);
    samples++;
  }, everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      return { peakBytes, samples };
    },
  };
}
