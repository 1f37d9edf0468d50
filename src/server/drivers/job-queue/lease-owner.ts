import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { v7 } from 'uuid';

/**
 * Names who holds a lease: `host/pid/start/instance`. Process ids are used again, so the start of the
 * process stands beside its id; `instance` tells two queues of one process apart.
 */
export const newLeaseOwner = (): string =>
  `${hostname().replaceAll('/', '_')}/${process.pid}/${startOf(process.pid) ?? '-'}/${v7().slice(-12)}`;

/**
 * Whether the process behind a lease is known to be gone. False when that can't be known: another host, or
 * a system that doesn't tell when a process started.
 */
export function isGone(owner: string): boolean {
  const [host, pid, start] = owner.split('/');
  if (host !== hostname().replaceAll('/', '_') || pid === undefined) return false;
  const startNow = startOf(Number(pid));
  if (startNow !== undefined) return startNow !== start;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Boot and clock ticks since it (proc(5), field 22 of `stat`); undefined without such a process or without /proc. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // the second field is the command in brackets and may hold anything
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8);
    return ticks === undefined ? undefined : `${boot}-${ticks}`;
  } catch {
    return undefined;
  }
}
