import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { cgroupLimitBytes } from './cgroup-limit.ts';
import { readProcessTree } from './process-tree.ts';

/** Files under a folder that stands for the system's root. */
function system(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'ka-system-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

test('children of every thread count, and their children; the pages of files that all share count once', () => {
  const proc = system({
    '7/task/7/children': '8 ',
    '7/task/70/children': '9 10 ',
    '8/task/8/children': '',
    '8/status':
      'Name:\tone\nVmRSS:\t    9048 kB\nRssAnon:\t    2048 kB\nRssFile:\t    7000 kB\nRssShmem:\t       0 kB\n',
    '9/task/9/children': '11 ',
    '9/status': 'RssAnon:\t1000 kB\nRssShmem:\t24 kB\n',
    '11/status': 'RssAnon:\t512 kB\n',
  });
  const own = vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(1_000_000);
  onTestFinished(() => own.mockRestore());
  const { rssBytes, processes } = readProcessTree(proc, 7);
  // 10 has ended since the list was written
  expect(processes).toBe(5);
  expect(rssBytes).toBe(1_000_000 + (2048 + 1024 + 512) * 1024);
});

test.runIf(existsSync(`/proc/self/task/${process.pid}/children`))(
  'a real child is found while it lives',
  async () => {
    const before = readProcessTree().processes;
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume(); console.log(1)'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    expect(readProcessTree().processes).toBe(before + 1);
    child.stdin.end();
    await once(child, 'exit');
    expect(readProcessTree().processes).toBe(before);
  },
);

test('the smallest limit of the control group and of those around it holds', () => {
  const v2 = system({
    'proc/self/cgroup': '0::/outer/inner\n',
    'sys/fs/cgroup/outer/inner/memory.max': 'max\n',
    'sys/fs/cgroup/outer/memory.max': '536870912\n',
    'sys/fs/cgroup/memory.max': '1073741824\n',
  });
  expect(cgroupLimitBytes(v2)).toBe(512 * 2 ** 20);
  // a container sees itself at the root, under the name that it has outside
  const container = system({
    'proc/self/cgroup': '0::/kubepods/pod1\n',
    'sys/fs/cgroup/memory.max': '268435456\n',
  });
  expect(cgroupLimitBytes(container)).toBe(256 * 2 ** 20);
  const v1 = system({
    'proc/self/cgroup': '12:cpu,cpuacct:/a\n4:memory:/docker/x\n',
    'sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes': '134217728\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
  });
  expect(cgroupLimitBytes(v1)).toBe(128 * 2 ** 20);
  expect(cgroupLimitBytes(system({ 'sys/fs/cgroup/memory.max': 'max\n' }))).toBeUndefined();
  expect(cgroupLimitBytes(system({ 'proc/other': '' }))).toBeUndefined();
});
