import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type BenchServer, freePort, registerClient, startServer } from '../../bench/lib/server.ts';
import type { Answer } from '../../src/contract/query.ts';
import { FAKE_KEY, startFakeLanguageModel } from '../support/fake-language-model.ts';
import { numberOf } from '../support/scripted-model.ts';

const KA = join(import.meta.dirname, '..', '..', 'bin', 'ka.mjs');
let home: string;
let folder: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'ka-cli-'));
  folder = join(home, 'notes');
  mkdirSync(join(folder, 'deep'), { recursive: true });
  writeFileSync(join(folder, 'harbour.md'), '# Harbour\n\nA visiting yacht pays 34 crowns a night.\n');
  writeFileSync(
    join(folder, 'deep', 'bakery.txt'),
    'The bakery on Mill Lane opens at five in the morning.\n',
  );
  writeFileSync(join(folder, 'broken.pdf'), '%PDF-1.4 this is no document');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function ka(parameters: string[], env: Record<string, string> = {}) {
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(
      process.execPath,
      [KA, ...parameters],
      {
        cwd: home,
        // whatever keys this machine has
        env: { ...process.env, LLM_PROVIDER: 'extractive', XDG_CACHE_HOME: join(home, 'cache'), ...env },
      },
      (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

const ask = async (question: string) => {
  const { code, out, err } = await ka(['ask', folder, question, '--json']);
  return { code, err, answer: JSON.parse(out) as Answer };
};

test('ka ask answers from a folder, says what it left out, and sees what changed', async () => {
  const first = await ask('How much does a visiting yacht pay a night?');
  expect(first.code).toBe(0);
  expect(first.answer.citations[0]).toMatchObject({
    title: 'Harbour',
    page: 1,
    quote: expect.stringContaining('34 crowns'),
  });
  expect(first.err).toContain('broken.pdf');

  writeFileSync(
    join(folder, 'harbour.md'),
    '# Harbour\n\nA visiting yacht pays 51 crowns a night since May.\n',
  );
  rmSync(join(folder, 'deep', 'bakery.txt'));
  const second = await ask('How much does a visiting yacht pay a night?');
  expect(second.answer.answer).toContain('51 crowns');
  expect(second.answer.sources.map(({ title }) => title)).toEqual(['Harbour']);

  const absent = await ask('Which vaccine do ferrets need?');
  expect(absent).toMatchObject({ code: 2, answer: { answered: false, citations: [] } });
});

test('ka ask says what is wrong with its folder or question', async () => {
  expect(await ka(['ask', join(home, 'nowhere'), 'What is this?'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no folder'),
  });
  expect(await ka(['ask', folder, 'a'])).toMatchObject({ code: 1, err: expect.stringContaining('question') });
});

test('ka ingest feeds a stopped installation and a running one, and touches only what changed', async () => {
  const dataDir = join(home, 'data');
  const env = { DATA_DIR: dataDir };
  let server: BenchServer = await startServer({ dataDir });
  let client = await registerClient(server.url);
  await server.stop();

  const ingest = async () =>
    JSON.parse((await ka(['ingest', folder, '--user', 'bench@example.org', '--json'], env)).out) as Record<
      string,
      unknown
    >;
  expect(await ingest()).toMatchObject({ added: 3, changed: 0, failed: [{ filename: 'broken.pdf' }] });
  expect(await ingest()).toMatchObject({ added: 0, changed: 0, unchanged: 3 });

  server = await startServer({ dataDir });
  try {
    client = await registerClient(server.url);
    const titles = async () =>
      (await client.get<{ items: { title: string; status: string }[] }>('/api/v1/documents')).items
        .filter(({ status }) => status === 'ready')
        .map(({ title }) => title);
    expect((await titles()).sort()).toEqual(['Harbour', 'bakery']);
    writeFileSync(join(folder, 'harbour.md'), '# New harbour\n\nMooring is free of charge.\n');
    utimesSync(join(folder, 'harbour.md'), new Date(), new Date(Date.now() + 5000));
    expect(await ingest()).toMatchObject({ added: 0, changed: 1, unchanged: 2 });
    expect((await titles()).sort()).toEqual(['New harbour', 'bakery']);
    const { answer } = await client.post<Answer>('/api/v1/query', { query: 'What does mooring cost?' });
    expect(answer).toContain('free of charge');
  } finally {
    await server.stop();
  }
  expect(await ka(['ingest', folder, '--user', 'nobody@example.org'], env)).toMatchObject({
    code: 1,
    err: expect.stringContaining('no user'),
  });
});

test('ka doctor finds every fault of the settings, and none in a sound installation', async () => {
  const sound = await ka(['doctor'], { DATA_DIR: join(home, 'data'), PORT: String(await freePort()) });
  expect(sound).toMatchObject({ code: 0, out: expect.stringContaining('embedding model: bundled/') });
  const faulty = await ka(['doctor', '--json'], { PORT: 'x', WORKERS: 'many' });
  expect(faulty.code).toBe(1);
  expect(
    (JSON.parse(faulty.out) as { status: string }[]).filter(({ status }) => status === 'fault'),
  ).toHaveLength(2);
});

test('ka serve ends in good order in the middle of its work, and a wrong setting stops its start', async () => {
  const dataDir = join(home, 'data');
  let server = await startServer({ dataDir });
  const client = await registerClient(server.url);
  const { taskId } = await client.upload(
    Array.from({ length: 12 }, (_, i) => ({
      name: `${i}.txt`,
      bytes: Buffer.from(`Note ${i}. ${'The lock keeper waits. '.repeat(2000)}`),
    })),
  );
  // one that has to be cut off ends with 1
  expect(await server.stop()).toBe(0);
  server = await startServer({ dataDir });
  try {
    expect((await (await registerClient(server.url)).finished(taskId)).progress).toEqual({
      done: 12,
      failed: 0,
      total: 12,
    });
  } finally {
    await server.stop();
  }
  expect(await ka(['serve'], { PORT: 'x', JWT_SECRET: 'short' })).toMatchObject({
    code: 1,
    err: expect.stringMatching(/PORT[\s\S]*JWT_SECRET/),
  });
});

test('ka ask and ka doctor use the language model that is set, and say why not', async () => {
  const fake = await startFakeLanguageModel({
    models: ['qwen3'],
    answer: ({ prompt }) =>
      `A visiting yacht pays 34 crowns for each night [${numberOf(prompt, '34 crowns')}].`,
  });
  const model = {
    LLM_PROVIDER: 'openai-compatible',
    LLM_BASE_URL: fake.baseUrl('openai'),
    LLM_MODEL: 'qwen3',
    OPENAI_API_KEY: FAKE_KEY,
  };
  const question = 'How much does a visiting yacht pay a night?';
  try {
    const answered = await ka(['ask', folder, question], model);
    expect(answered).toMatchObject({
      code: 0,
      out: expect.stringContaining('34 crowns for each night [1].'),
    });
    expect(answered.out).toContain('“A visiting yacht pays 34 crowns a night.”');
    expect(answered.err).toContain('answered by qwen3');
    const refused = await ka(['ask', folder, question], { ...model, OPENAI_API_KEY: 'sk-hunter2' });
    expect(refused).toMatchObject({ code: 0, out: expect.stringContaining('34 crowns a night. [1]') });
    expect(refused.err).toMatch(/own words: qwen3 could not be asked \(.*OPENAI_API_KEY/);

    const examine = async (env: Record<string, string>) => {
      const { code, out } = await ka(['doctor', '--json'], {
        DATA_DIR: join(home, 'data'),
        PORT: String(await freePort()),
        ...model,
        ...env,
      });
      expect(out).not.toContain('hunter2');
      const findings = JSON.parse(out) as { name: string; status: string; detail: string }[];
      return { code, ...findings.find(({ name }) => name === 'language model') };
    };
    expect(await examine({})).toMatchObject({ code: 0, status: 'ok' });
    expect(await examine({ OPENAI_API_KEY: 'sk-hunter2' })).toMatchObject({
      code: 1,
      status: 'fault',
      detail: expect.stringContaining('OPENAI_API_KEY'),
    });
    expect(await examine({ LLM_MODEL: 'qwen4' })).toMatchObject({
      code: 1,
      detail: expect.stringContaining('does not list qwen4: set LLM_MODEL (it has qwen3)'),
    });
    await fake.close();
    expect(await examine({})).toMatchObject({ code: 1, detail: expect.stringContaining('ECONNREFUSED') });
  } finally {
    await fake.close();
  }
});
