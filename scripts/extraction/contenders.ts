import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseFile } from '../../src/server/ingest/parse/parse-file.ts';
import type { ParsedPart } from '../../src/server/ports/parser.ts';

/** Who extracts a file's text, and what it costs in CPU seconds, its start not counted. */
export interface Contender {
  readonly name: string;
  /** File types that it reads; absent: any. */
  readonly types?: readonly string[];
  extract(path: string): Promise<{ readonly text: string; readonly cpuS: number }>;
}

/** @param peers a folder in which `npm install officeparser` was run; undefined: without it. */
export function contenders(peers: string | undefined): Contender[] {
  return [ours, pdfjs, ...pdftotext(), ...(peers === undefined ? [] : [officeparser(peers)])];
}

async function timed(read: () => Promise<string>): Promise<{ text: string; cpuS: number }> {
  const before = process.cpuUsage();
  const text = await read();
  const { user, system } = process.cpuUsage(before);
  return { text, cpuS: (user + system) / 1e6 };
}

const ours: Contender = {
  name: 'this project',
  extract: (path) =>
    timed(async () => {
      const parts: ParsedPart[] = [];
      parts.push(await parseFile({ path, filename: path }, async (part) => void parts.push(part)));
      return parts.flatMap(({ pages }) => pages.map(({ text }) => text)).join('\n\n');
    }),
};

/** Its pieces of text as they come, with the line ends that it marks. */
const pdfjs: Contender = {
  name: 'pdfjs-dist',
  types: ['pdf'],
  async extract(path) {
    const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs');
    return timed(async () => {
      const task = getDocument({ data: new Uint8Array(readFileSync(path)), verbosity: 0 });
      const pdf = await task.promise;
      const pages: string[] = [];
      for (let number = 1; number <= pdf.numPages; number++) {
        const { items } = await (await pdf.getPage(number)).getTextContent();
        pages.push(items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join(''));
      }
      await task.destroy();
      return pages.join('\n\n');
    });
  },
};

const POPPLER = 'pdftotext';
/** Of poppler-utils, where it is installed. */
function pdftotext(): Contender[] {
  try {
    execFileSync(POPPLER, ['-v'], { stdio: 'ignore' });
  } catch {
    return [];
  }
  // the shell tells what its children took: user and system on its second line
  const script = 'pdftotext "$1" - 2>/dev/null; code=$?; times >&2; exit $code';
  return [
    {
      name: 'pdftotext',
      types: ['pdf'],
      async extract(path) {
        const run = spawnSync('bash', ['-c', script, 'bash', path], { encoding: 'utf8', maxBuffer: 2 ** 28 });
        if (run.status !== 0) throw new Error(`pdftotext ended with ${run.status}`);
        const [user = '', system = ''] = run.stderr.split('\n')[1]?.split(' ') ?? [];
        return { text: run.stdout, cpuS: seconds(user) + seconds(system) };
      },
    },
  ];
}

function seconds(time: string): number {
  const [, minutes, rest] = /(\d+)m([\d.,]+)s/.exec(time) ?? [];
  return Number(minutes ?? 0) * 60 + Number((rest ?? '0').replace(',', '.'));
}

function officeparser(folder: string): Contender {
  return {
    name: 'officeparser',
    types: ['pdf', 'docx', 'pptx', 'xlsx', 'odt', 'rtf'],
    async extract(path) {
      const resolved = createRequire(join(folder, 'package.json')).resolve('officeparser');
      // it brings a pdfjs-dist of its own, which takes the worker of another version for its own
      Reflect.deleteProperty(globalThis, 'pdfjsWorker');
      const { parseOffice } = await import(pathToFileURL(resolved).href);
      return timed(async () => (await (await parseOffice(path)).to('text')).value);
    },
  };
}
