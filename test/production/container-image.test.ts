import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, registerClient } from '../../bench/lib/server.ts';
import { assembleProductionTree, checkout } from '../../scripts/production/production-tree.ts';
import type { Answer } from '../../src/contract/query.ts';
import { buildImage, type ContainerImage } from '../support/container-image.ts';
import { pdfFile } from '../support/made-files.ts';
import { describeWith } from '../support/needs.ts';

// mounts of a file system of one's own need root
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

describeWith('buildah', 'the image of the program', (buildah) => {
  let context: string;
  let image: ContainerImage;
  beforeAll(() => {
    if (!isRoot) return;
    context = mkdtempSync(join(tmpdir(), 'ka-context-'));
    const here = { platform: process.platform, arch: process.arch };
    assembleProductionTree(checkout, join(context, 'production'), here);
    const [, stage = ''] = readFileSync(join(checkout, 'Dockerfile'), 'utf8').split(/^FROM .* AS app\n/m);
    image = buildImage(buildah, stage.replace('COPY --from=build /production', 'COPY production'), context);
  }, 180_000);
  afterAll(() => {
    image?.close();
    if (context !== undefined) rmSync(context, { recursive: true, force: true });
  });

  test.skipIf(!isRoot)(
    'answers with a citation as a user without rights on a read-only root, is healthy, and ends when told',
    async () => {
      const [port, metricsPort] = [await freePort(), await freePort()];
      const url = `http://127.0.0.1:${port}`;
      const env = {
        HOST: '127.0.0.1',
        PORT: String(port),
        METRICS_PORT: String(metricsPort),
        RATE_LIMIT_PER_MINUTE: '0',
      };
      expect(image.user).toBe('node');
      const server = image.start(image.command, env);
      const ended = once(server, 'exit');
      try {
        await expect
          .poll(
            async () =>
              server.exitCode ?? (await fetch(`${url}/health/ready`).catch(() => undefined))?.status,
            { timeout: 60_000 },
          )
          .toBe(200);
        const status = readFileSync(`/proc/${server.pid}/status`, 'latin1');
        expect(/^Uid:\s+(\d+)\s+(\d+)/m.exec(status)?.slice(1)).toEqual(['1000', '1000']);
        expect(/^Groups:(.*)$/m.exec(status)?.[1]?.trim()).toBe('');
        expect(rootOptions(server)).toContain('ro');

        const client = await registerClient(url);
        const { buffer } = pdfFile('harbour.pdf', [['A visiting yacht pays 34 crowns a night.']]);
        const { taskId } = await client.upload([{ name: 'harbour.pdf', bytes: buffer }]);
        expect(await client.finished(taskId)).toMatchObject({ status: 'completed' });
        const answer = await client.post<Answer>('/api/v1/query', {
          query: 'How much does a visiting yacht pay a night?',
        });
        expect(answer.citations[0]?.quote).toContain('34 crowns');
        expect(await (await fetch(url)).text()).toContain('<script');

        const check = image.start(image.healthCheck, env);
        expect(await once(check, 'exit')).toEqual([0, null]);
      } finally {
        server.kill('SIGTERM');
        const [code] = await ended;
        expect(code).toBe(0);
      }
      const unhealthy = image.start(image.healthCheck, env);
      expect(await once(unhealthy, 'exit')).toEqual([1, null]);
    },
    120_000,
  );
});

/** How the process sees its root mounted. */
const rootOptions = ({ pid }: ChildProcess): string[] =>
  (
    execFileSync('cat', [`/proc/${pid}/mountinfo`], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.split(' '))
      .find((fields) => fields[4] === '/')?.[5] ?? ''
  ).split(',');
