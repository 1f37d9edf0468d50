import { performance } from 'node:perf_hooks';
import type { Metrics } from './metrics.ts';
import type { MemoryWatch } from './ports/memory-watch.ts';

/** Tells the operators what a process takes, whatever it does. */
export function watchProcess(
  metrics: Metrics,
  { memory, version }: { readonly memory?: MemoryWatch | undefined; readonly version: string },
): void {
  metrics.gauge(
    'ka_event_loop_utilization_ratio',
    'Share of its life that the main thread was busy',
    () => performance.eventLoopUtilization().utilization,
  );
  metrics.total('ka_cpu_seconds_total', 'Processor time of all threads of the server process', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.gauge(
    'ka_heap_used_bytes',
    'JavaScript heap of the main thread',
    () => process.memoryUsage().heapUsed,
  );
  metrics.gauge(
    'ka_resident_memory_bytes',
    'Resident memory of the server process and its children',
    () => memory?.reading().rssBytes ?? process.memoryUsage.rss(),
  );
  if (memory !== undefined) watchMemory(metrics, memory);
  metrics.gauge('ka_uptime_seconds', 'Since the start of the process', () => process.uptime());
  metrics.gauge('ka_build_info', 'The version that runs', () => ({ [version]: 1 }), 'version');
}

function watchMemory(metrics: Metrics, memory: MemoryWatch): void {
  metrics.gauge('ka_memory_limit_bytes', 'MEMORY_LIMIT_MB', () => memory.limitBytes);
  metrics.gauge(
    'ka_memory_level',
    '1 for the level that holds: above high caches are small, above critical heavy work is refused',
    () => {
      const now = memory.level();
      return { normal: +(now === 'normal'), high: +(now === 'high'), critical: +(now === 'critical') };
    },
    'level',
  );
  metrics.gauge('ka_processes', 'The server process and its children', () => memory.reading().processes);
  metrics.total('ka_memory_refused_total', 'Work refused because memory was short', memory.refused);
}
