import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BenchServer, type Client, registerClient, startServer } from '../../bench/lib/server.ts';
import type { Answer } from '../../src/contract/query.ts';

const KA = join(import.meta.dirname, '..', '..', 'bin', 'ka.mjs');
let home: string;
let server: BenchServer | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ka-backup-cli-'));
});
afterEach(async () => {
  await server?.stop();
  rmSync(home, { recursive: true, force: true });
});

const ka = (dataDir: string, ...parameters: string[]) =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(
      process.execPath,
      [KA, ...parameters],
      { cwd: home, env: { ...process.env, LLM_PROVIDER: 'extractive', DATA_DIR: dataDir } },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });

const QUESTIONS = [
  'Who built the Veldran lighthouse?',
  'What did the lamp burn until 1911?',
  'When does the bakery open?',
  'Which vaccine do ferrets need?',
];

/** What is said, and every citation with its passage and quote. */
async function answers(client: Client) {
  const all = [];
  for (const query of QUESTIONS) {
    const { answer, answered, citations } = await client.post<Answer>('/api/v1/query', { query });
    all.push({ answer, answered, citations });
  }
  return all;
}

test('a backup taken in the middle of writing is restored, answers the same, and every store agrees', async () => {
  const [from, to] = [join(home, 'from'), join(home, 'to')];
  server = await startServer({ dataDir: from });
  let client = await registerClient(server.url);
  const lighthouse = Buffer.from(
    'Ottilie Marsh built the Veldran lighthouse in 1887.\n\nThe lamp burned colza oil until the winter of 1911.',
  );
  const { taskId, documents } = await client.upload([
    { name: 'lighthouse.txt', bytes: lighthouse },
    {
      name: 'bakery.md',
      bytes: Buffer.from('# Bakery\n\nThe bakery on Mill Lane opens at five in the morning.'),
    },
  ]);
  await client.finished(taskId);
  const before = await answers(client);
  expect(before.map(({ answered }) => answered)).toEqual([true, true, true, false]);

  // files come in while the backup is written
  const words = (n: number) => Buffer.from(`Report ${n} on turnips.\n\n`.repeat(300));
  const flood = Array.from({ length: 12 }, (_, n) => ({ name: `turnips-${n}.txt`, bytes: words(n) }));
  const coming = client.upload(flood);
  const file = join(home, 'backup.ka');
  const taken = await ka(from, 'backup', file, '--json');
  expect(taken).toMatchObject({ code: 0 });
  await client.finished((await coming).taskId);
  expect(await ka(from, 'doctor', '--deep')).toMatchObject({
    code: 0,
    out: expect.stringContaining('agrees'),
  });
  await server.stop();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(existsSync(`${file}.partial`)).toBe(false);
  expect(await ka(from, 'backup', file)).toMatchObject({
    code: 1,
    err: expect.stringContaining('is there already'),
  });

  const restored = await ka(to, 'restore', file, '--json');
  expect(restored).toMatchObject({ code: 0 });
  expect(JSON.parse(restored.out)).toEqual(JSON.parse(taken.out));
  expect(await ka(to, 'restore', file)).toMatchObject({
    code: 1,
    err: expect.stringContaining('empty one only'),
  });

  server = await startServer({ dataDir: to });
  client = await registerClient(server.url);
  const { items } = await client.get<{ items: { id: string; status: string }[] }>(
    '/api/v1/tasks?active=true',
  );
  for (const { id } of items) await client.finished(id);
  expect(await answers(client)).toEqual(before);
  const original = await fetch(`${server.url}/api/v1/documents/${documents[0]?.id}/file`, {
    headers: { authorization: `Bearer ${client.token}` },
  });
  const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  expect(sum(new Uint8Array(await original.arrayBuffer()))).toBe(sum(lighthouse));
  await server.stop();
  server = undefined;
  const { code, out } = await ka(to, 'doctor', '--deep', '--json');
  expect(JSON.parse(out)).toMatchObject({ faults: [] });
  expect(code).toBe(0);
}, 120_000);

test('the commands say what is wrong and what to do', async () => {
  const nowhere = join(home, 'nowhere');
  for (const command of [
    ['backup', join(home, 'x')],
    ['doctor', '--deep'],
  ])
    expect(await ka(nowhere, ...command)).toMatchObject({
      code: 1,
      err: expect.stringContaining('There is no installation'),
    });
  expect(await ka(nowhere, 'restore', join(home, 'x'))).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no file'),
  });
  expect(await ka(nowhere, 'doctor', '--mend')).toMatchObject({
    code: 1,
    err: expect.stringContaining('--deep'),
  });

  server = await startServer({ dataDir: join(home, 'from') });
  await registerClient(server.url);
  await server.stop();
  server = undefined;
  const file = join(home, 'backup.ka');
  expect((await ka(join(home, 'from'), 'backup', file)).out).toContain('1 users, 0 documents');
  // through a pipe, as into a tool that encrypts
  const [piped, out] = [join(home, 'piped'), join(home, 'from')];
  const writing = spawn(process.execPath, [KA, 'backup', '-'], { env: { ...process.env, DATA_DIR: out } });
  const reading = spawn(process.execPath, [KA, 'restore', '-'], {
    env: { ...process.env, DATA_DIR: piped },
    stdio: [writing.stdout, 'ignore', 'inherit'],
  });
  expect(await Promise.all([once(writing, 'exit'), once(reading, 'exit')])).toEqual([
    [0, null],
    [0, null],
  ]);
  truncateSync(file, Math.floor(readFileSync(file).length / 2));
  expect(await ka(nowhere, 'restore', file)).toMatchObject({
    code: 1,
    err: expect.stringContaining('cut off'),
  });
  expect(existsSync(nowhere)).toBe(false);
});
