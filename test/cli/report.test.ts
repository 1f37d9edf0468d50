import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { registerClient, startServer } from '../../bench/lib/server.ts';
import type { Report } from '../../src/server/cli/report.ts';

const KA = join(import.meta.dirname, '..', '..', 'bin', 'ka.mjs');

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'ka-report-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const ka = (parameters: string[], env: Record<string, string>) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(process.execPath, [KA, ...parameters], { env: { ...process.env, ...env } }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });

test('ka report tells of a running installation, and of the same one stopped', async () => {
  const dataDir = folder();
  const server = await startServer({ dataDir });
  const env = { DATA_DIR: dataDir, PORT: new URL(server.url).port };
  const read = async (): Promise<Report> => JSON.parse((await ka(['report', '--json'], env)).out) as Report;
  const client = await registerClient(server.url);
  const text = '# Harbour\n\nA visiting yacht pays 34 crowns a night.\n';
  const { taskId } = await client.upload([{ name: 'harbour.md', bytes: Buffer.from(text) }]);
  await client.finished(taskId);
  for (let i = 0; i < 4; i++)
    await client.post('/api/v1/query', { query: 'How much does a visiting yacht pay?' });

  const running = await read();
  expect(running.server).toMatchObject({
    state: 'running',
    address: server.url,
    status: 'healthy',
    metrics: { rssBytes: expect.any(Number) },
  });
  expect(await server.stop()).toBe(0);

  const stopped = await read();
  expect(stopped).toMatchObject({
    server: { state: 'stopped' },
    dataDir,
    contents: { users: 1, collections: 1, documentsByStatus: { ready: 1 }, chunks: 1 },
    files: { documents: 1, documentBytes: text.length, storedFiles: 1, storedBytes: text.length },
    index: { vectors: 1, withoutVector: 0 },
    savings: { cachedRequests: 3, shareOfRequests: 0.75, savedUsd: 0 },
  });
  expect(stopped.usage.ever).toMatchObject([{ model: 'extractive', requests: 4, cachedRequests: 3 }]);
  expect(stopped.usage.thisMonth).toEqual(stopped.usage.ever);
  const sizes = stopped.database.tables.map(({ bytes, indexBytes }) => bytes + indexBytes);
  expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  // every page of the file is a table's, an index's or free; the schema takes the rest
  const known = sizes.reduce((a, b) => a + b, 0) + stopped.database.freeBytes;
  expect(known).toBeLessThanOrEqual(stopped.database.fileBytes);
  expect(known).toBeGreaterThan(0.8 * stopped.database.fileBytes);
  expect(stopped.disk.dataBytes).toBeGreaterThan(stopped.database.fileBytes);

  const { code, out } = await ka(['report'], env);
  expect(code).toBe(0);
  for (const part of ['not running', 'extractive (answer)', '75 % of all', '1 ready'])
    expect(out).toContain(part);
});

test('ka report of a folder without an installation says what to do', async () => {
  const dataDir = join(folder(), 'nothing');
  const { code, err } = await ka(['report'], { DATA_DIR: dataDir });
  expect(code).toBe(1);
  expect(err).toContain('There is no installation');
});
