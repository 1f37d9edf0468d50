import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createProcessParser, type ParseReport } from '../src/server/drivers/parser/process.ts';
import { createTesseract } from '../src/server/drivers/recognizer/tesseract.ts';
import { AppError } from '../src/server/errors.ts';
import { inOnePart } from '../src/server/ingest/in-one-part.ts';
import { readPictures } from '../src/server/ingest/read-pictures.ts';
import type { ParsedDocument } from '../src/server/ports/parser.ts';
import { finds, type Phrase, readings } from './extraction/phrases.ts';

/**
 * Measures the parser on a folder with a `manifest.json`, through the same process that serves uploads.
 *
 *   node scripts/extract-score.ts DIR [--misses] [--slow]     phrases found of those expected, time, memory
 *   node scripts/extract-score.ts DIR --ocr LANGUAGES         the same with scanned pages read by tesseract (eng,deu)
 *   node scripts/extract-score.ts DIR --bad                   hostile files: outcome against `expect`
 *   node scripts/extract-score.ts DIR --show FILE             the text of one file
 */
interface Expected {
  readonly file: string;
  readonly type?: string;
  readonly expect: string;
  readonly kind?: string;
  readonly phrases?: readonly Phrase[];
}

interface Outcome {
  readonly document?: ParsedDocument;
  readonly error?: Error;
  readonly report: ParseReport | undefined;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    misses: { type: 'boolean', default: false },
    slow: { type: 'boolean', default: false },
    bad: { type: 'boolean', default: false },
    ocr: { type: 'string' },
    show: { type: 'string' },
    only: { type: 'string' },
  },
});
const folder = positionals[0];
if (folder === undefined) {
  console.error(
    'usage: node scripts/extract-score.ts DIR [--misses] [--slow] [--bad] [--ocr LANGUAGES] [--show FILE] [--only TEXT]',
  );
  process.exit(2);
}

let report: ParseReport | undefined;
const parser = createProcessParser({
  onReport: (last) => {
    report = last;
  },
});
const recognizer =
  values.ocr === undefined ? undefined : createTesseract({ languages: values.ocr.split(',') });
const missing = await recognizer?.missing();
if (missing !== undefined) throw new Error(missing);

const read = (path: string): Promise<ParsedDocument> => {
  const file = { path, filename: path };
  return recognizer === undefined
    ? inOnePart(parser.parse(file))
    : readPictures({ parser, images: parser, recognizer }, file, new AbortController().signal);
};

async function parse(path: string): Promise<Outcome> {
  report = undefined;
  try {
    const document = await read(path);
    return { document, report };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)), report };
  }
}

async function show(path: string): Promise<void> {
  const { document, error } = await parse(path);
  if (document === undefined) console.log(error);
  else {
    console.log(`${document.mimeType}, ${document.pages.length} pages, title: ${document.title}`);
    for (const page of document.pages) {
      console.log(`════ page ${page.number}`);
      for (const block of page.blocks) {
        const detail =
          block.kind === 'heading'
            ? ` ${block.level}`
            : block.kind === 'table'
              ? ` header ${(block.headerEnd ?? block.start) - block.start}`
              : '';
        console.log(`── ${block.kind}${detail}\n${page.text.slice(block.start, block.end)}`);
      }
    }
  }
}

async function score(directory: string, manifest: readonly Expected[]): Promise<void> {
  const byType = new Map<
    string,
    { found: number; loose: number; phrases: number; documents: number; ms: number; pages: number }
  >();
  const misses: string[] = [];
  const odd: string[] = [];
  const slow: { file: string; ms: number; pages: number }[] = [];
  let peakMb = 0;
  for (const { file, type = '', expect, phrases = [] } of manifest) {
    const { document, error, report } = await parse(join(directory, file));
    peakMb = Math.max(peakMb, report?.peakMb ?? 0);
    const code = error instanceof AppError ? error.code : error?.name;
    if (expect !== 'text' && !(expect === 'ocr' && recognizer !== undefined)) {
      odd.push(`${file}: ${expect} → ${code ?? `${document?.pages.length} pages`}`);
      continue;
    }
    if (error !== undefined) odd.push(`${file}: text expected → ${code}: ${error.message}`);
    const text = document?.pages.map((page) => page.text).join('\n\n') ?? '';
    const read = readings(text);
    const group = expect === 'ocr' ? 'scans' : type;
    const sums = byType.get(group) ?? { found: 0, loose: 0, phrases: 0, documents: 0, ms: 0, pages: 0 };
    byType.set(group, sums);
    sums.documents++;
    sums.ms += report?.tookMs ?? 0;
    sums.pages += document?.pages.length ?? 0;
    slow.push({ file, ms: report?.tookMs ?? 0, pages: document?.pages.length ?? 0 });
    for (const phrase of phrases) {
      if (phrase.optional) continue;
      const { found: hit, loosely } = finds(read, phrase);
      sums.phrases++;
      if (hit) sums.found++;
      if (loosely) sums.loose++;
      if (!hit) misses.push(`${file}\t${loosely ? 'spacing' : 'absent'}\t${phrase.text}`);
    }
  }
  let found = 0;
  let total = 0;
  for (const [type, sums] of byType) {
    found += sums.found;
    total += sums.phrases;
    console.log(
      `${type.padEnd(6)} ${sums.found}/${sums.phrases} (loose ${sums.loose})  ${sums.documents} files, ${sums.pages} pages, ${(sums.ms / sums.documents).toFixed(0)} ms a file`,
    );
  }
  console.log(
    `all    ${found}/${total} = ${((100 * found) / total).toFixed(1)} %, peak ${peakMb.toFixed(0)} MB resident`,
  );
  for (const line of odd) console.log(line);
  if (values.misses) for (const line of misses) console.log(line);
  if (values.slow) {
    for (const { file, ms, pages } of slow.toSorted((a, b) => b.ms - a.ms).slice(0, 15))
      console.log(`${ms.toFixed(0)} ms, ${pages} pages: ${file}`);
  }
}

async function bad(directory: string, manifest: readonly Expected[]): Promise<void> {
  let wrong = 0;
  for (const { file, expect, kind } of manifest) {
    const { document, error, report } = await parse(join(directory, file));
    const inGroup = error instanceof AppError && error.code !== 'INTERNAL';
    const fits = error === undefined ? expect !== 'reject' : inGroup && expect !== 'accept-safe';
    if (!fits) wrong++;
    const outcome =
      document === undefined
        ? `${error instanceof AppError ? error.code : error?.name}`
        : `${document.pages.length} pages, ${document.pages.reduce((sum, page) => sum + page.text.length, 0)} characters`;
    const leaked = document?.pages.some((page) => page.text.includes('root:')) ? ' LEAKED' : '';
    console.log(
      `${fits ? 'ok   ' : 'CHECK'} ${file} (${kind}, ${expect}): ${outcome}${leaked}, ${report?.tookMs.toFixed(0)} ms, ${report?.peakMb?.toFixed(0) ?? '?'} MB`,
    );
    if (values.misses)
      console.log(`      ${error?.message ?? JSON.stringify(document?.pages[0]?.text.slice(0, 200))}`);
  }
  console.log(`${manifest.length - wrong} of ${manifest.length} as expected`);
}

if (values.show !== undefined) await show(join(folder, values.show));
else {
  const manifest = (JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Expected[]).filter(
    ({ file }) => file.includes(values.only ?? ''),
  );
  if (values.bad) await bad(folder, manifest);
  else await score(folder, manifest);
}
await parser.close();
