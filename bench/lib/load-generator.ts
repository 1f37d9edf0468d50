import { connect, type Socket } from 'node:net';
import type { LoadPlan, LoadReport, Shot } from './load.ts';

/**
 * The process that makes requests, apart from the server and from the benchmark. One request at a time on each
 * connection, written and read by hand: a client library would take more of the machine than the server does.
 */
process.once('message', (plan: LoadPlan) => {
  void generate(plan).then((report) => {
    process.send?.(report, () => process.disconnect());
  });
});

interface Line {
  readonly socket: Socket;
  received: Buffer;
  answered: ((answer: { status: number; body: Buffer } | undefined) => void) | undefined;
}

async function generate(plan: LoadPlan): Promise<LoadReport> {
  const heads = plan.tokens.map((token) => `host: bench\r\nauthorization: Bearer ${token}\r\n`);
  const bytesOf = ({ user, method, path, body }: Shot): Buffer => {
    const content = body === undefined ? '' : JSON.stringify(body);
    const type =
      body === undefined
        ? ''
        : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(content)}\r\n`;
    return Buffer.from(`${method} ${path} HTTP/1.1\r\n${heads[user]}${type}\r\n${content}`);
  };
  const report: LoadReport = { tookMs: 0, ownCpuMs: 0, kinds: {} };
  const note = (shot: Shot, latencyMs: number, answer: { status: number; body: Buffer } | undefined) => {
    report.kinds[shot.kind] ??= { latenciesMs: [], statuses: {}, cached: 0 };
    const kind = report.kinds[shot.kind] as LoadReport['kinds'][string];
    const status = answer?.status ?? 0;
    kind.statuses[status] = (kind.statuses[status] ?? 0) + 1;
    kind.latenciesMs.push(latencyMs);
    if (answer?.body.includes('"cached":true')) kind.cached++;
  };
  const lines = await Promise.all(Array.from({ length: plan.connections }, () => openLine(plan.port)));
  const cpu = process.cpuUsage();
  const begun = performance.now();
  if (plan.perSecond === undefined) await closedLoop(plan, lines, bytesOf, note, begun);
  else await openLoop(plan, plan.perSecond, lines, bytesOf, note, begun);
  const { user, system } = process.cpuUsage(cpu);
  for (const { socket } of lines) socket.destroy();
  return { ...report, tookMs: performance.now() - begun, ownCpuMs: (user + system) / 1000 };
}

type Note = (shot: Shot, latencyMs: number, answer: { status: number; body: Buffer } | undefined) => void;

/** Every connection sends its next request as soon as it has its answer. */
async function closedLoop(
  { shots, seconds }: LoadPlan,
  lines: Line[],
  bytesOf: (shot: Shot) => Buffer,
  note: Note,
  begun: number,
): Promise<void> {
  const few = shots.length <= 2000 ? shots.map(bytesOf) : undefined;
  let next = 0;
  const end = begun + seconds * 1000;
  await Promise.all(
    lines.map(async (line) => {
      for (let sent = performance.now(); sent < end; sent = performance.now()) {
        const at = next++ % shots.length;
        const shot = shots[at] as Shot;
        const answer = await exchange(line, few?.[at] ?? bytesOf(shot));
        note(shot, performance.now() - sent, answer);
        if (answer === undefined) return;
      }
    }),
  );
}

/**
 * Requests leave at times that were fixed before, whatever the server does; one that finds no free connection
 * waits, and its latency counts from the time at which it should have left.
 */
async function openLoop(
  { shots, seconds }: LoadPlan,
  perSecond: number,
  lines: Line[],
  bytesOf: (shot: Shot) => Buffer,
  note: Note,
  begun: number,
): Promise<void> {
  const free = [...lines];
  const due: number[] = [];
  const total = Math.round(perSecond * seconds);
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let planned = 0;
  let over = 0;
  const send = () => {
    while (due.length > 0 && free.length > 0) {
      const at = due.shift() as number;
      const line = free.pop() as Line;
      const shot = shots[at % shots.length] as Shot;
      void exchange(line, bytesOf(shot)).then((answer) => {
        note(shot, performance.now() - begun - (at * 1000) / perSecond, answer);
        if (answer !== undefined) free.push(line);
        if (++over === total || (answer === undefined && free.length === 0)) resolve();
        else send();
      });
    }
  };
  const timer = setInterval(() => {
    const now = performance.now() - begun;
    while (planned < total && (planned * 1000) / perSecond <= now) due.push(planned++);
    send();
  }, 1);
  await done;
  clearInterval(timer);
}

function openLine(port: number): Promise<Line> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const line: Line = { socket, received: Buffer.alloc(0), answered: undefined };
    socket.once('connect', () => resolve(line));
    socket.once('error', reject);
    socket.on('close', () => line.answered?.(undefined));
    socket.on('data', (part) => {
      line.received = line.received.length === 0 ? part : Buffer.concat([line.received, part]);
      const answer = wholeAnswer(line.received);
      if (answer === undefined) return;
      line.received = Buffer.alloc(0);
      line.answered?.(answer);
    });
  });
}

function exchange(line: Line, bytes: Buffer): Promise<{ status: number; body: Buffer } | undefined> {
  if (line.socket.destroyed) return Promise.resolve(undefined);
  return new Promise((resolve) => {
    line.answered = resolve;
    line.socket.write(bytes);
  });
}

/** The server states the length of every JSON answer. */
function wholeAnswer(received: Buffer): { status: number; body: Buffer } | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = received.toString('latin1', 0, headEnd);
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${head}`);
  const bodyStart = headEnd + 4;
  if (received.length < bodyStart + Number(length)) return undefined;
  return { status: Number(head.slice(9, 12)), body: received.subarray(bodyStart) };
}
