import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { agreement, rowsFound } from './extraction/agreement.ts';
import { type Contender, contenders } from './extraction/contenders.ts';
import { finds, type Phrase, readings } from './extraction/phrases.ts';
import { printPages } from './extraction/printed.ts';

/**
 * Compares extractors on the same files: phrases found of those that a manifest expects, CPU time, and, for web pages
 * that a browser printed to PDF, how the text agrees with what the browser shows. `docs/quality.md` has the results.
 *
 *   node scripts/extract-compare.ts DIR [--peers FOLDER] [--browser /usr/bin/chromium]
 *
 * FOLDER is one in which `npm install officeparser` was run; pdftotext is taken where it is installed.
 */
interface Expected {
  readonly file: string;
  readonly type: string;
  readonly expect: string;
  readonly phrases?: readonly Phrase[];
}

interface PrintedSums {
  readonly words: number;
  readonly inOrder: number;
  readonly documents: number;
  readonly rows: number;
  readonly onLine: number;
  readonly divided: number;
}
const NOTHING: PrintedSums = { words: 0, inOrder: 0, documents: 0, rows: 0, onLine: 0, divided: 0 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { peers: { type: 'string' }, browser: { type: 'string' } },
});
const folder = positionals[0];
if (folder === undefined) {
  console.error('usage: node scripts/extract-compare.ts DIR [--peers FOLDER] [--browser PATH]');
  process.exit(2);
}
const all = contenders(values.peers);
const manifest = (JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Expected[]).filter(
  ({ expect }) => expect === 'text',
);

await comparePhrases(folder);
if (values.browser !== undefined) await comparePrinted(folder, values.browser);
process.exit(0);

async function comparePhrases(directory: string): Promise<void> {
  for (const contender of all) {
    const byType = new Map<
      string,
      { found: number; loosely: number; phrases: number; failed: number; bytes: number; cpuS: number }
    >();
    await warmUp(contender, directory);
    for (const { file, type, phrases = [] } of manifest) {
      if (contender.types !== undefined && !contender.types.includes(type)) continue;
      const sums = byType.get(type) ?? { found: 0, loosely: 0, phrases: 0, failed: 0, bytes: 0, cpuS: 0 };
      byType.set(type, sums);
      const path = join(directory, file);
      const { text, cpuS } = await attempt(contender, path);
      if (text === undefined) sums.failed++;
      sums.bytes += statSync(path).size;
      sums.cpuS += cpuS;
      const read = readings(text ?? '');
      for (const phrase of phrases) {
        if (phrase.optional) continue;
        const { found, loosely } = finds(read, phrase);
        sums.phrases++;
        if (found) sums.found++;
        if (loosely) sums.loosely++;
      }
    }
    for (const [type, { found, loosely, phrases, failed, bytes, cpuS }] of byType)
      console.log(
        `${contender.name.padEnd(13)} ${type.padEnd(5)} ${found}/${phrases} (letters alone ${loosely}), ${failed} files failed, ${cpuS.toFixed(2)} CPU s, ${(bytes / 1e6 / cpuS).toFixed(1)} MB a CPU s`,
      );
  }
}

/** Loading and compiling are not what is compared. */
async function warmUp(contender: Contender, directory: string): Promise<void> {
  const types = new Set<string>();
  for (const { file, type } of manifest) {
    if (types.has(type) || contender.types?.includes(type) === false) continue;
    types.add(type);
    await attempt(contender, join(directory, file));
  }
}

async function attempt(
  contender: Contender,
  path: string,
): Promise<{ readonly text?: string; readonly cpuS: number }> {
  try {
    return await contender.extract(path);
  } catch {
    return { cpuS: 0 };
  }
}

async function comparePrinted(directory: string, browser: string): Promise<void> {
  const into = mkdtempSync(join(tmpdir(), 'printed-'));
  const pages = manifest.filter(({ type }) => type === 'html').map(({ file }) => join(directory, file));
  const sums = new Map<string, PrintedSums>();
  try {
    for await (const { layout, path, reference, rows } of printPages(browser, pages, into)) {
      for (const contender of all) {
        const { text = '' } = await attempt(contender, path);
        const { words, inOrder } = agreement(reference, text);
        const key = `${layout.padEnd(34)} ${contender.name}`;
        const { onLine, divided } = rowsFound(rows, text);
        const sum = sums.get(key) ?? NOTHING;
        sums.set(key, {
          words: sum.words + words,
          inOrder: sum.inOrder + inOrder,
          documents: sum.documents + 1,
          rows: sum.rows + rows.length,
          onLine: sum.onLine + onLine,
          divided: sum.divided + divided,
        });
      }
    }
  } finally {
    rmSync(into, { recursive: true });
  }
  for (const [key, { words, inOrder, documents, rows, onLine, divided }] of [...sums].sort())
    console.log(
      `${key}: words ${((100 * words) / documents).toFixed(1)} %, in order ${((100 * inOrder) / documents).toFixed(1)} %, of ${rows} rows ${onLine} on a line, ${divided} with their cells apart, ${documents} documents`,
    );
}
