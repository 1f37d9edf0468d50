import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type BundledEmbedderOptions, createBundledEmbedder } from './bundled.ts';
import { embedderConformance } from './conformance.ts';
import { BUNDLED_FINGERPRINT, BUNDLED_FOLDER } from './model-folder.ts';

const built = join(import.meta.dirname, '../../../..', BUNDLED_FOLDER);

embedderConformance('bundled', () => createBundledEmbedder({ modelDir: built }));

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function make(options: Partial<BundledEmbedderOptions> = {}) {
  const embedder = createBundledEmbedder({ modelDir: built, ...options });
  ends.push(() => embedder.close());
  return embedder;
}

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'model-'));
  ends.push(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Niceness of this process's threads, ascending (proc(5): the 19th field of `stat`). */
const threadNiceness = (): number[] =>
  readdirSync('/proc/self/task')
    .map((id) => readFileSync(`/proc/self/task/${id}/stat`, 'utf8'))
    .map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]))
    .sort((a, b) => a - b);

describe('threads', () => {
  test('the model says which it is before it is opened', () => {
    expect(make({ modelDir: '/nowhere' })).toMatchObject({
      fingerprint: BUNDLED_FINGERPRINT,
      dimensions: 384,
    });
  });

  test.runIf(process.platform === 'linux')(
    'passages run at the lowest priority, and nothing else does',
    async () => {
      const embedder = make();
      await embedder.warmUp();
      await embedder.embed(['question'], 'query');
      expect(threadNiceness().filter((niceness) => niceness > 0)).toEqual([]);
      await embedder.embed(['passage'], 'passage');
      expect(threadNiceness().filter((niceness) => niceness > 0)).toEqual([19]);
    },
  );

  test('a question has the same vector as a passage of the same words', async () => {
    const embedder = make();
    const [query, passage] = await Promise.all([
      embedder.embed(['the same words'], 'query'),
      embedder.embed(['the same words'], 'passage'),
    ]);
    expect(query).toEqual(passage);
  });

  test('closing ends what runs, and the caller hears that a repeat can help', async () => {
    const embedder = createBundledEmbedder({ modelDir: built });
    await embedder.embed(['begin'], 'passage');
    const pending = embedder.embed(Array(64).fill('some words that take a while '.repeat(40)), 'passage');
    const outcome = expect(pending).rejects.toMatchObject({ name: 'UpstreamError', retryable: true });
    await embedder.close();
    await outcome;
  });

  test('what is over the limit of tokens is not read', async () => {
    const text = 'word '.repeat(254);
    const [within, beyond] = await make().embed([text, `${text} and something else at the end`], 'passage');
    expect(beyond).toEqual(within);
  });
});

describe('a model that cannot be used', () => {
  const failure = (path: string, fault: string) => ({
    name: 'UpstreamError',
    retryable: false,
    message: `${path} ${fault}: run node scripts/build-model.ts`,
  });

  test('is named when it is missing, and found once it is there', async () => {
    const modelDir = folder();
    const embedder = make({ modelDir });
    const expected = failure(join(modelDir, 'manifest.json'), 'is missing');
    await expect(embedder.warmUp()).rejects.toMatchObject(expected);
    await expect(embedder.embed(['text'], 'passage')).rejects.toMatchObject(expected);
    cpSync(built, modelDir, { recursive: true });
    expect(await embedder.embed(['text'], 'passage')).toHaveLength(1);
  });

  test('is named when the manifest is no manifest, or another model’s', async () => {
    const modelDir = folder();
    const path = join(modelDir, 'manifest.json');
    writeFileSync(path, '{"fingerprint":');
    const embedder = make({ modelDir });
    await expect(embedder.warmUp()).rejects.toMatchObject(failure(path, 'cannot be read'));
    for (const other of ['null', '{}', '{"fingerprint":1}']) {
      writeFileSync(path, other);
      await expect(embedder.warmUp()).rejects.toMatchObject(failure(path, 'is not the manifest of a model'));
    }
    const manifest = JSON.parse(readFileSync(join(built, 'manifest.json'), 'utf8'));
    writeFileSync(path, JSON.stringify({ ...manifest, fingerprint: 'bundled/other' }));
    const fault = `describes bundled/other, but ${BUNDLED_FINGERPRINT} is needed`;
    await expect(embedder.warmUp()).rejects.toMatchObject(failure(path, fault));
  });

  test('is named when a file is missing, short or damaged', async () => {
    const modelDir = folder();
    cpSync(built, modelDir, { recursive: true });
    const embedder = make({ modelDir });
    const model = join(modelDir, 'model.onnx');
    const bytes = readFileSync(model);
    bytes[1_000_000]! ^= 1;
    writeFileSync(model, bytes);
    const damaged = failure(model, 'is damaged: its SHA-256 differs from the manifest');
    await expect(embedder.warmUp()).rejects.toMatchObject(damaged);
    truncateSync(model, 1000);
    const short = failure(model, `has 1000 bytes instead of ${bytes.length}`);
    await expect(embedder.warmUp()).rejects.toMatchObject(short);
    rmSync(model);
    await expect(embedder.warmUp()).rejects.toMatchObject(failure(model, 'is missing'));
  });
});

test('the runtime writes down nothing for its maker, and so has nothing to send', () => {
  const home = folder();
  const program = join(home, 'program.mjs');
  const bundled = new URL('./bundled.ts', import.meta.url).href;
  writeFileSync(
    program,
    `import { createBundledEmbedder } from ${JSON.stringify(bundled)};
    const embedder = createBundledEmbedder({ modelDir: ${JSON.stringify(built)} });
    await embedder.warmUp();
    await embedder.close();`,
  );
  // as a user's: it reports nothing where CI is set
  const env = { HOME: home, PATH: process.env['PATH'] ?? '' };
  const { status } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', program], { env });
  // with its reports on, a name of the device and a database of events lie in .cache
  expect([status, readdirSync(home)]).toEqual([0, ['program.mjs']]);
});
