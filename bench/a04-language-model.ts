import type { Answer } from '../src/contract/query.ts';
import { readEvents } from '../test/support/read-events.ts';
import { type FakeModel, type Pace, startFakeModel, steadyMs } from './lib/fake-model.ts';
import { type MadeInstallation, makeInstallation } from './lib/installation.ts';
import { measureTree, sampleRss } from './lib/process-tree.ts';
import { type Bench, percentile, type Row, round } from './lib/row.ts';
import { type BenchServer, type Client, registerClient, startServer } from './lib/server.ts';

const MB = 1024 * 1024;
const STREAMS = 100;
/** An answer of two sentences that takes three seconds: what small quick models need. */
const SPEECH: Pace = { firstMs: 500, betweenMs: 60, parts: 40 };

/** What we add to a language model: the provider is made up, in a process of its own, and takes the time it is told. */
export const bench: Bench = {
  id: 'A4',
  async run({ quick, log }) {
    const installation = await makeInstallation(2000);
    const model = await startFakeModel();
    try {
      return [
        ...(await withServer({ LLM_MAX_CONCURRENT: String(STREAMS) }, async (asking) => [
          await measureOverhead(asking, 0, quick ? 40 : 200),
          await measureOverhead(asking, 500, quick ? 20 : 60),
          ...(await measureFirstTokens(asking, quick ? 40 : 200)),
          ...(await measureStreams(asking, log)),
        ])),
        ...(await withServer({ LLM_MAX_CONCURRENT: '1' }, async (asking) => [
          await measureLeaving(asking, quick ? 10 : 30),
        ])),
      ];
    } finally {
      await model.stop();
      await installation.remove();
    }

    async function withServer(
      env: Record<string, string>,
      measure: (asking: Asking) => Promise<Row[]>,
    ): Promise<Row[]> {
      const server = await startServer({
        dataDir: installation.dataDir,
        env: { ...model.env, LLM_TIMEOUT_MS: '60000', ...env },
      });
      try {
        const client = await registerClient(server.url, installation.email);
        const asking = { server, client, model, questions: makeQuestions(installation) };
        model.speak({ firstMs: 0, betweenMs: 0, parts: 1 });
        for (let i = 0; i < 10; i++) await askWhole(asking);
        return await measure(asking);
      } finally {
        await server.stop();
      }
    }
  },
};

interface Asking {
  readonly server: BenchServer;
  readonly client: Client;
  readonly model: FakeModel;
  readonly questions: Iterator<string, never>;
}

/** Distinct questions in the documents' own words. */
function* makeQuestions({ words }: MadeInstallation): Generator<string, never> {
  for (let i = 0; ; i++) {
    const [a, b, c] = [1, 7, 31].map((step) => words[(i * step) % words.length]);
    yield `What is said of ${a}, ${b} and ${c} (${i})?`;
  }
}

async function askWhole({ client, questions }: Asking): Promise<{ tookMs: number; answer: Answer }> {
  const begun = performance.now();
  const answer = await client.post<Answer>('/api/v1/query', { query: questions.next().value });
  const tookMs = performance.now() - begun;
  if (answer.fallback !== undefined || answer.cached) throw new Error('the model was not asked');
  return { tookMs, answer };
}

interface Streamed {
  readonly firstTokenMs: number;
  readonly tookMs: number;
}

/** @returns how long the model's first words were on their way to the client, and the whole stream took. */
async function askStream(asking: Asking, signal?: AbortSignal, onToken = () => {}): Promise<Streamed> {
  const { server, client, questions } = asking;
  const begun = performance.now();
  const response = await fetch(`${server.url}/api/v1/query`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${client.token}`,
      'content-type': 'application/json',
      accept: 'text/event-stream',
    },
    body: JSON.stringify({ query: questions.next().value }),
    ...(signal === undefined ? {} : { signal }),
  });
  let firstTokenMs: number | undefined;
  for await (const { event, data } of readEvents(response)) {
    if (event === 'token' && firstTokenMs === undefined) {
      const sentMs = Number(/Sent at (\S+)/.exec((data as { text: string }).text)?.[1]);
      firstTokenMs = steadyMs() - sentMs;
      onToken();
    }
    if (event !== 'done') continue;
    const { fallback, cached } = data as Answer;
    if (fallback !== undefined || cached || firstTokenMs === undefined || Number.isNaN(firstTokenMs))
      throw new Error('the model was not heard');
    return { firstTokenMs, tookMs: performance.now() - begun };
  }
  throw new Error('the answer has no end');
}

async function measureOverhead(asking: Asking, firstMs: number, count: number): Promise<Row> {
  asking.model.speak({ firstMs, betweenMs: 0, parts: 20 });
  const ours: number[] = [];
  const stages = { embedMs: [] as number[], generateMs: [] as number[] };
  for (let i = 0; i < count; i++) {
    const { tookMs, answer } = await askWhole(asking);
    ours.push(tookMs - firstMs);
    stages.embedMs.push(answer.timings.embedMs);
    stages.generateMs.push(answer.timings.generateMs - firstMs);
  }
  const median = (sample: readonly number[]) => round(percentile(sample, 0.5));
  return row({
    name: `answer by a language model that takes ${firstMs} ms: all that is ours`,
    target: 'p95 < 300 ms',
    figure: percentile(ours, 0.95),
    ok: (ms) => ms < 300,
    detail: `p50 ${median(ours)} ms over ${count} questions; medians: embedding ${median(stages.embedMs)}, prompt, provider's client and verification ${median(stages.generateMs)} ms`,
  });
}

async function measureFirstTokens(asking: Asking, count: number): Promise<Row[]> {
  asking.model.speak({ firstMs: 20, betweenMs: 0, parts: 20 });
  const took: number[] = [];
  for (let i = 0; i < count; i++) took.push((await askStream(asking)).firstTokenMs);
  return [
    row({
      name: "from the model's first word to the client",
      target: 'p95 < 20 ms',
      figure: percentile(took, 0.95),
      ok: (ms) => ms < 20,
      detail: `p50 ${round(percentile(took, 0.5))} ms over ${count} streams, one at a time`,
    }),
  ];
}

async function measureStreams(asking: Asking, log: (line: string) => void): Promise<Row[]> {
  const { server, model } = asking;
  model.speak(SPEECH);
  const speechMs = SPEECH.firstMs + SPEECH.betweenMs * SPEECH.parts;
  const before = measureTree(server.pid).rssBytes;
  const sampler = sampleRss(server.pid, 50);
  const ended = await Promise.all(Array.from({ length: STREAMS }, () => askStream(asking)));
  const { peakBytes } = sampler.stop();
  log(`${STREAMS} streams: ${round(before / MB, 0)} MB before, ${round(peakBytes / MB, 0)} MB at the peak`);
  const first = ended.map(({ firstTokenMs }) => firstTokenMs);
  const ours = ended.map(({ tookMs }) => tookMs - speechMs);
  return [
    row({
      name: `${STREAMS} streams that begin at once: from the model's first word to the client`,
      target: 'none fails',
      figure: percentile(first, 0.95),
      // one that fails ends the run
      ok: () => true,
      detail: `p95, p50 ${round(percentile(first, 0.5))} ms; all that is ours of a whole answer of ${speechMs} ms: p50 ${round(percentile(ours, 0.5), 0)}, p95 ${round(percentile(ours, 0.95), 0)} ms, searches of all ${STREAMS} included`,
    }),
    {
      ...row({
        name: 'memory for each of them',
        target: '< 1 MB',
        figure: (peakBytes - before) / STREAMS / MB,
        ok: (mb) => mb < 1,
        detail: `resident memory grows from ${round(before / MB, 0)} to ${round(peakBytes / MB, 0)} MB at its peak, sampled every 50 ms`,
      }),
      unit: 'MB RSS',
    },
  ];
}

/** One place: whoever waits for it is heard by the model as soon as the one before has gone. */
async function measureLeaving(asking: Asking, count: number): Promise<Row> {
  const { model } = asking;
  const freed: number[] = [];
  const closed: number[] = [];
  for (let i = 0; i < count; i++) {
    model.speak({ firstMs: 0, betweenMs: 60_000, parts: 2 });
    const leaving = new AbortController();
    const heard = Promise.withResolvers<void>();
    const first = askStream(asking, leaving.signal, heard.resolve).catch(() => undefined);
    await heard.promise;
    model.speak({ firstMs: 0, betweenMs: 0, parts: 1 });
    const next = askStream(asking);
    // it stands in line when its search is done
    await waitingOne(asking);
    const [asked, left] = [model.next('asked'), model.next('left')];
    const goneMs = steadyMs();
    leaving.abort();
    freed.push((await asked) - goneMs);
    closed.push((await left) - goneMs);
    await Promise.all([first, next]);
  }
  return row({
    name: 'from a client that leaves to the next question reaching the model',
    target: 'p95 < 100 ms',
    figure: percentile(freed, 0.95),
    ok: (ms) => ms < 100,
    detail: `p50 ${round(percentile(freed, 0.5))} ms over ${count}; the request left behind is closed at the provider after p95 ${round(percentile(closed, 0.95))} ms`,
  });
}

async function waitingOne({ server }: Asking): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${server.metricsUrl}/metrics`)).text();
    if (/^ka_llm_queue_length 1$/m.test(text)) return;
  }
}

function row({
  name,
  target,
  figure,
  ok,
  detail,
}: Pick<Row, 'name' | 'target' | 'figure' | 'detail'> & { readonly ok: (figure: number) => boolean }): Row {
  return { id: 'A4', name, target, figure: round(figure), unit: 'ms', ok: ok(figure), detail };
}
