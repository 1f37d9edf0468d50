import { expect, test } from 'vitest';
import { createLog } from '../log.ts';
import type { MemoryLevel } from '../ports/memory-watch.ts';
import { watchMemory } from './watch-memory.ts';

/** A watch over 1,000 bytes whose readings the test gives. */
function watched(firstBytes = 100) {
  let rssBytes = firstBytes;
  let sample = () => {};
  const lines: Record<string, unknown>[] = [];
  let ended = false;
  const watch = watchMemory({
    limitBytes: 1000,
    read: () => ({ rssBytes, processes: 2 }),
    log: createLog('info', (line) => void lines.push(JSON.parse(line))),
    everySample: (run) => {
      sample = run;
      return () => {
        ended = true;
      };
    },
  });
  const levels: MemoryLevel[] = [];
  watch.onChange((level) => void levels.push(level));
  return {
    watch,
    levels,
    lines,
    ended: () => ended,
    reads(bytes: number) {
      rssBytes = bytes;
      sample();
      return watch.level();
    },
  };
}

test('a level begins at 80 and 95 percent, and ends only some way below', () => {
  const { reads, levels, lines } = watched();
  expect([790, 800, 760, 949, 950, 910, 899, 749].map(reads)).toEqual([
    'normal',
    'high',
    'high',
    'high',
    'critical',
    'critical',
    'high',
    'normal',
  ]);
  expect(levels).toEqual(['high', 'critical', 'high', 'normal']);
  expect(lines.map(({ level, event }) => [level, event])).toHaveLength(4);
});

test('heavy work is refused with the time to come back only while the level is critical', () => {
  const { watch, reads } = watched();
  reads(900);
  watch.admit();
  reads(960);
  expect(watch.admit).toThrow(expect.objectContaining({ code: 'OVERLOADED', retryAfterSeconds: 10 }));
  expect(watch.admit).toThrow(/MEMORY_LIMIT_MB/);
  reads(100);
  watch.admit();
  expect(watch.refused()).toBe(2);
});

test('who listens to a watch that began above its limit is told at once', () => {
  expect(watched(2000).levels).toEqual(['critical']);
});

test('a closed watch samples no more', () => {
  const { watch, ended } = watched();
  watch.close();
  expect(ended()).toBe(true);
});
