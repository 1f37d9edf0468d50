import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * The memory limit of the control group that this process runs in: the smallest of its own and of those around it
 * (version 2, then 1); undefined when none is set.
 *
 * @param root where the system's files are; other than `/` in tests.
 */
export function cgroupLimitBytes(root = '/'): number | undefined {
  const own = read(join(root, 'proc/self/cgroup'));
  const v2 = /^0::(.*)$/m.exec(own)?.[1] ?? '/';
  const v1 = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(own)?.[1] ?? '/';
  const limits = [
    ...groupsUp(v2).map((group) => join(root, 'sys/fs/cgroup', group, 'memory.max')),
    ...groupsUp(v1).map((group) => join(root, 'sys/fs/cgroup/memory', group, 'memory.limit_in_bytes')),
  ]
    .map((file) => Number(read(file).trim() || Number.NaN))
    // version 1 writes "none" as a number beyond any machine
    .filter((bytes) => bytes > 0 && bytes < 2 ** 50);
  return limits.length === 0 ? undefined : Math.min(...limits);
}

/** `/a/b`, `/a` and `/`. A container sees its own group as the root, whatever its name outside. */
function groupsUp(group: string): string[] {
  return group === '/' || group === '' || group === '.' ? ['/'] : [group, ...groupsUp(dirname(group))];
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
