import { spawn } from 'node:child_process';
import { setPriority } from 'node:os';
import { AppError } from '../../errors.ts';
import type { Recognizer } from '../../ports/recognizer.ts';
import { endFirstWhereMemoryRunsOut, processMemoryMb } from '../process-memory.ts';
import { readTsv } from './tesseract-tsv.ts';

export interface TesseractOptions {
  /** Codes of tesseract's language data, such as `eng` and `deu`; those that are not installed are left out. */
  readonly languages: readonly string[];
  /** The program; found in PATH by default. */
  readonly command?: string;
  /** Wall time for one picture. */
  readonly timeoutMs?: number;
  /** Resident memory at which the program is killed: version 5.3 takes 110 MB for A4 at 300 dots per inch, 430 for 72 million pixels. */
  readonly memoryLimitMb?: number;
}

/** What is installed. */
export interface FoundTesseract {
  readonly version: string;
  /** Of the wanted languages, in their order. */
  readonly languages: readonly string[];
  readonly missing: readonly string[];
  /** Whether it can tell which way a page is turned. */
  readonly orientation: boolean;
}

const COMMAND = 'tesseract';
const MEMORY_CHECK_MS = 100;
const OUTPUT_BYTES = 64 * 1024 * 1024;
const LOWEST = 19;

/**
 * Text in pictures by the `tesseract` program (4 or later). One process a picture, on one core at the lowest
 * priority; the picture goes in through a pipe, so that it names no file and no address.
 */
export function createTesseract({
  languages,
  command = COMMAND,
  timeoutMs = 120_000,
  memoryLimitMb = 600,
}: TesseractOptions): Recognizer {
  let found: FoundTesseract | undefined;

  return {
    async missing() {
      const looked = found ?? (await findTesseract(languages, command));
      if (looked === undefined) return 'the program tesseract, which reads them, is not installed';
      if (looked.languages.length === 0)
        return `tesseract has none of the languages of OCR_LANGUAGES (${languages.join(', ')})`;
      found = looked;
      return undefined;
    },
    async recognize(image, signal) {
      if (found === undefined) throw new Error('`missing` has not been asked, or has told why');
      // automatic division of the page: with its direction where the data for that are there
      const layout = found.orientation ? '1' : '3';
      const args = ['stdin', 'stdout', '-l', found.languages.join('+'), '--psm', layout, 'tsv'];
      const limits = { timeoutMs, memoryLimitMb };
      return readTsv(await run(command, args, image, limits, signal));
    },
  };
}

/** @returns undefined where the program is not installed. */
export async function findTesseract(
  wanted: readonly string[],
  command = COMMAND,
): Promise<FoundTesseract | undefined> {
  const ask = (option: string) =>
    run(command, [option], undefined, { timeoutMs: 10_000, memoryLimitMb: 600 }, undefined);
  try {
    const [version, list] = await Promise.all([ask('--version'), ask('--list-langs')]);
    const installed = new Set(list.split(/\r?\n/).map((line) => line.trim()));
    return {
      version: /tesseract v?(\S+)/.exec(version)?.[1] ?? '?',
      languages: wanted.filter((language) => installed.has(language)),
      missing: wanted.filter((language) => !installed.has(language)),
      orientation: installed.has('osd'),
    };
  } catch {
    return undefined;
  }
}

interface Limits {
  readonly timeoutMs: number;
  readonly memoryLimitMb: number;
}

/** What the program writes. */
function run(
  command: string,
  args: readonly string[],
  input: Uint8Array | undefined,
  { timeoutMs, memoryLimitMb }: Limits,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  if (signal?.aborted) return Promise.reject(signal.reason);
  const child = spawn(command, args, {
    cwd: '/',
    env: onlyWhatItNeeds(),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  endFirstWhereMemoryRunsOut(child.pid);
  const stop = (error: unknown) => {
    reject(error);
    child.kill('SIGKILL');
  };
  const timer = setTimeout(() => stop(tookTooLong(timeoutMs)), timeoutMs);
  const watch = setInterval(() => {
    if ((processMemoryMb(child.pid, 'VmRSS') ?? 0) > memoryLimitMb) stop(tookTooMuch(memoryLimitMb));
  }, MEMORY_CHECK_MS);
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const output: Buffer[] = [];
  let bytes = 0;
  child.stdout.on('data', (part: Buffer) => {
    output.push(part);
    bytes += part.length;
    if (bytes > OUTPUT_BYTES) stop(damaged());
  });
  child.once('error', stop);
  child.once('close', (code) => {
    clearTimeout(timer);
    clearInterval(watch);
    signal?.removeEventListener('abort', onAbort);
    if (code === 0) resolve(Buffer.concat(output).toString('utf8'));
    else reject(damaged());
  });
  // it may end before it has read everything
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  if (child.pid !== undefined) lower(child.pid);
  return promise;
}

function onlyWhatItNeeds(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { OMP_THREAD_LIMIT: '1' };
  for (const name of ['PATH', 'TESSDATA_PREFIX', 'SystemRoot'])
    if (process.env[name] !== undefined) env[name] = process.env[name];
  return env;
}

function lower(pid: number): void {
  try {
    setPriority(pid, LOWEST);
  } catch {
    // it has ended already
  }
}

const damaged = () => new AppError('FILE_BROKEN', 'The picture is damaged and cannot be read.');
const tookTooLong = (timeoutMs: number) =>
  new AppError(
    'PARSE_TIMEOUT',
    `Reading the text of one picture took longer than ${Math.round(timeoutMs / 1000)} seconds.`,
  );
const tookTooMuch = (limitMb: number) =>
  new AppError(
    'PARSE_MEMORY',
    `Reading the text of one picture took more than ${limitMb} MB of memory. Upload it with fewer pixels.`,
  );
