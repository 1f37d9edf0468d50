import { type ChildProcess, fork } from 'node:child_process';
import { ReadableStream, type ReadableStreamDefaultController } from 'node:stream/web';
import { fileURLToPath } from 'node:url';
import type { ErrorCode } from '../../../contract/errors.ts';
import { AppError } from '../../errors.ts';
import type { FromParseProcess, ToParseProcess } from '../../ports/parse-messages.ts';
import type { ParsedPart, Parser } from '../../ports/parser.ts';
import type { PageImages } from '../../ports/recognizer.ts';
import { siblingModule } from '../../threads/rpc.ts';
import { endFirstWhereMemoryRunsOut, processMemoryMb } from '../process-memory.ts';

export interface ProcessParserOptions {
  /** Files read at the same time, each in a process of its own. */
  readonly processes?: number;
  /** Wall time for one file, the start of its process included. */
  readonly timeoutMs?: number;
  /** Resident memory at which a process is killed; its JavaScript heap may take 60 % of it. */
  readonly memoryLimitMb?: number;
  /** A process without work for this long ends. */
  readonly idleMs?: number;
  /** A process that read this many files, or holds this much while idle, makes room for a fresh one. */
  readonly maxFiles?: number;
  readonly maxIdleMb?: number;
  /** Folders (absolute) that files may come from; every readable file when unset. */
  readonly folders?: readonly string[];
  /** Told after each file: what it took. For measuring. */
  readonly onReport?: (report: ParseReport) => void;
}

export interface ParseReport {
  readonly pid: number;
  readonly tookMs: number;
  /** The highest resident memory of the process since it started; undefined where /proc is missing. */
  readonly peakMb: number | undefined;
}

export interface ProcessParser extends Parser, PageImages {
  /** Starts a process and loads what PDFs need, so that the first file does not wait for it. */
  warm(): void;
}

interface Waiting {
  readonly task: Task;
  /** Aborts when the caller does, or takes no more. */
  readonly signal: AbortSignal;
  /** Takes parts, or the one image. */
  readonly results: ReadableStreamDefaultController<unknown>;
}

interface Child {
  readonly process: ChildProcess;
  readonly exited: Promise<void>;
  files: number;
  call: number;
  stderr: string;
  /** Takes what comes of the file in work; undefined when idle. */
  receive: ((message: Reply | Death) => void) | undefined;
  idleTimer: NodeJS.Timeout | undefined;
}

type Reply = Extract<FromParseProcess, { reply: number }>;
type Call = Extract<ToParseProcess, { call: number }>;
type Task = Call extends infer C ? (C extends Call ? Omit<C, 'call'> : never) : never;

interface Death {
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

const ENTRY = siblingModule('../../ingest/parse/parse-process', import.meta.url);
/** A file that grows the process by 1 GB/s is caught some 100 MB above the limit. */
const MEMORY_CHECK_MS = 100;

/**
 * Reads files in child processes, so that a file that crashes, hangs or eats memory takes only its own
 * process with it. Such an end becomes an error of that file; the next file gets a new process. Files wait
 * in line for a free process. The processes may read files and nothing else: no writing, no network, no
 * processes of their own; they end with their parent.
 */
export function createProcessParser(options: ProcessParserOptions = {}): ProcessParser {
  const { processes = 1, timeoutMs = 25_000, memoryLimitMb = 700, idleMs = 15_000 } = options;
  const { maxFiles = 200, maxIdleMb = 220, onReport } = options;
  const children = new Set<Child>();
  const line: Waiting[] = [];
  let closed = false;

  const start = (): Child => {
    const child = fork(fileURLToPath(ENTRY), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: { NODE_ENV: 'production' },
      execArgv: processFlags(memoryLimitMb, options.folders),
    });
    // in a container smaller than the limit a file's process goes, and not the server
    endFirstWhereMemoryRunsOut(child.pid);
    const exited = Promise.withResolvers<void>();
    const entry: Child = {
      process: child,
      exited: exited.promise,
      files: 0,
      call: 0,
      stderr: '',
      receive: undefined,
      idleTimer: undefined,
    };
    child.stderr?.on('data', (text: Buffer) => {
      entry.stderr = (entry.stderr + text.toString('utf8')).slice(-4096);
    });
    child.on('message', (message: FromParseProcess) => {
      if ('reply' in message && message.reply === entry.call) entry.receive?.(message);
    });
    // a process that cannot start or cannot be written to is about to exit, which is what counts
    child.on('error', () => child.kill('SIGKILL'));
    child.once('exit', (_, signal) => {
      children.delete(entry);
      clearTimeout(entry.idleTimer);
      entry.receive?.({ signal, stderr: entry.stderr });
      exited.resolve();
    });
    children.add(entry);
    return entry;
  };

  const rest = (child: Child) => {
    clearTimeout(child.idleTimer);
    if (closed || child.files >= maxFiles || (processMemoryMb(child.process.pid, 'VmRSS') ?? 0) > maxIdleMb) {
      child.process.disconnect();
      children.delete(child);
      return;
    }
    // neither an idle process nor its timer keeps the parent alive
    child.process.unref();
    child.process.channel?.unref();
    child.idleTimer = setTimeout(() => {
      children.delete(child);
      child.process.disconnect();
    }, idleMs).unref();
  };

  const next = () => {
    if (line.length === 0 || closed) return;
    const child = [...children].find((c) => c.receive === undefined && c.process.connected);
    if (child === undefined && children.size >= processes) return;
    const waiting = line.shift();
    if (waiting === undefined) return;
    void work(child ?? start(), waiting).finally(next);
  };

  const work = async (child: Child, { task, signal, results }: Waiting): Promise<void> => {
    clearTimeout(child.idleTimer);
    child.process.ref();
    child.process.channel?.ref();
    child.files++;
    child.call++;
    const startedMs = performance.now();
    let fault: Error | undefined;
    const kill = (error: Error) => {
      fault ??= error;
      child.process.kill('SIGKILL');
    };
    const timer = setTimeout(() => kill(problem('PARSE_TIMEOUT', timeoutMs)), timeoutMs);
    const watch = setInterval(() => {
      if ((processMemoryMb(child.process.pid, 'VmRSS') ?? 0) > memoryLimitMb)
        kill(problem('PARSE_MEMORY', memoryLimitMb));
    }, MEMORY_CHECK_MS);
    const onAbort = () => kill(aborted());
    signal.addEventListener('abort', onAbort, { once: true });
    const outcome = await new Promise<Reply | Death>((settle) => {
      child.receive = (message) => {
        // what an aborted reading still sends is taken by nobody
        if (!('part' in message) || message.part.last) settle(message);
        else if (!signal.aborted) results.enqueue(message.part);
      };
      child.process.send({ ...task, call: child.call } satisfies ToParseProcess);
    });
    clearTimeout(timer);
    clearInterval(watch);
    signal.removeEventListener('abort', onAbort);
    onReport?.({
      pid: child.process.pid ?? 0,
      tookMs: performance.now() - startedMs,
      peakMb: processMemoryMb(child.process.pid, 'VmHWM'),
    });
    if (fault !== undefined || 'stderr' in outcome) {
      // one that was killed may have answered in its last moment: it takes no other file
      await child.exited;
      return results.error(fault ?? (closed ? shuttingDown() : deathError(outcome as Death, memoryLimitMb)));
    }
    child.receive = undefined;
    rest(child);
    if ('error' in outcome) return results.error(new AppError(outcome.error.code, outcome.error.message));
    results.enqueue('part' in outcome ? outcome.part : outcome.image);
    results.close();
  };

  const run = <Result>(task: Task, callerSignal: AbortSignal | undefined): ReadableStream<Result> => {
    const noMore = new AbortController();
    const signal = callerSignal ? AbortSignal.any([callerSignal, noMore.signal]) : noMore.signal;
    return new ReadableStream<Result>({
      start(results) {
        if (closed) return results.error(shuttingDown());
        if (signal.aborted) return results.error(aborted());
        const waiting: Waiting = { task, signal, results };
        // one that still waits in line leaves at once
        signal.addEventListener(
          'abort',
          () => {
            const at = line.indexOf(waiting);
            if (at === -1) return;
            line.splice(at, 1);
            results.error(aborted());
          },
          { once: true },
        );
        line.push(waiting);
        next();
      },
      cancel: () => noMore.abort(),
    });
  };

  return {
    parse: (file, signal) => run<ParsedPart>({ file }, signal),
    async draw(file, page, signal) {
      const [image] = await Array.fromAsync(run<Uint8Array>({ file, drawPage: page }, signal));
      if (image === undefined) throw new Error('the drawing ended without an image');
      return image;
    },
    warm() {
      if (closed || children.size > 0) return;
      const child = start();
      child.process.send({ warm: true } satisfies ToParseProcess);
      rest(child);
    },
    async close() {
      closed = true;
      for (const waiting of line.splice(0)) waiting.results.error(shuttingDown());
      await Promise.all(
        [...children].map((child) => {
          child.process.ref();
          child.process.kill('SIGKILL');
          return child.exited;
        }),
      );
    },
  };
}

function processFlags(memoryLimitMb: number, folders: readonly string[] | undefined): string[] {
  const readable =
    folders === undefined ? ['*'] : [fileURLToPath(new URL('../../../../', import.meta.url)), ...folders];
  return [
    `--max-old-space-size=${Math.round(memoryLimitMb * 0.6)}`,
    '--max-semi-space-size=8',
    '--no-warnings',
    '--permission',
    ...readable.map((folder) => `--allow-fs-read=${folder}`),
  ];
}

const shuttingDown = () => new AppError('SHUTTING_DOWN', 'The server is stopping.');
const aborted = () => new DOMException('The reading of the file was stopped.', 'AbortError');

function problem(code: Extract<ErrorCode, 'PARSE_TIMEOUT' | 'PARSE_MEMORY'>, limit: number): AppError {
  const what =
    code === 'PARSE_TIMEOUT'
      ? `Reading the file took longer than ${Math.round(limit / 1000)} seconds.`
      : `Reading the file took more than ${limit} MB of memory.`;
  return new AppError(code, `${what} Split it into smaller files, or export its text.`);
}

/** Nobody here ended it: V8 out of memory aborts, and the system kills what takes too much. */
function deathError({ signal, stderr }: Death, memoryLimitMb: number): AppError {
  if (signal === 'SIGKILL' || /heap out of memory|allocation failed/i.test(stderr))
    return problem('PARSE_MEMORY', memoryLimitMb);
  return new AppError(
    'FILE_BROKEN',
    'The file is damaged in a way that stops its reader. Save it again in the program it came from, and upload that copy.',
  );
}
