import { createBundledEmbedder } from '../src/server/drivers/embedder/bundled.ts';
import { modelDir } from '../src/server/version.ts';
import { makeInstallation } from './lib/installation.ts';
import { type Load, runLoad, type Shot } from './lib/load.ts';
import { type Bench, percentile, type Row, round } from './lib/row.ts';
import { startServer } from './lib/server.ts';
import { question } from './lib/shots.ts';

const CONNECTIONS = 16;

/** What one process sustains, every connection sending its next request as soon as it is answered. */
export const bench: Bench = {
  id: 'A2',
  async run({ quick, log }) {
    const installation = await makeInstallation(10_000);
    const server = await startServer({ dataDir: installation.dataDir });
    const { tokens, words } = installation;
    const search = (kind: string, n: number): Shot => ({
      kind,
      user: 0,
      method: 'POST',
      path: '/api/v1/search',
      body: { query: question(words, n), limit: 10 },
    });
    const list: Shot[] = [{ kind: 'list', user: 0, method: 'GET', path: '/api/v1/documents?limit=20' }];
    const repeated = Array.from({ length: 20 }, (_, n) => search('search again', n));
    const run = (shots: readonly Shot[], seconds: number) =>
      runLoad(server, { tokens, connections: CONNECTIONS, seconds, shots });
    try {
      await run([...list, ...repeated], 3);
      const listed = await run(list, quick ? 6 : 60);
      log(`list: ${round(listed.perSecond, 0)}/s`);
      const again = await run(repeated, quick ? 6 : 60);
      log(`search again: ${round(again.perSecond, 0)}/s`);
      // alternately, so that both meet the same machine
      const rounds = quick ? 2 : 5;
      const loads: Load[] = [];
      const model: number[] = [];
      for (let i = 0; i < rounds; i++) {
        const distinct = Array.from({ length: 20_000 }, (_, n) => search('search', (i + 1) * 100_000 + n));
        loads.push(await run(distinct, 4));
        model.push(await modelAlone((n) => question(words, (i + 1) * 100_000 + 50_000 + n), 4));
      }
      const fresh = percentile(
        loads.map(({ perSecond }) => perSecond),
        0.5,
      );
      const alone = percentile(model, 0.5);
      log(`search: ${round(fresh, 0)}/s, the model alone ${round(alone, 0)}/s`);
      return [
        row('authenticated list of 20 documents', listed),
        row('search, repeated', again),
        {
          id: 'A2',
          name: 'search, each question new, against the model alone',
          target: '≥ 60 %',
          figure: round((fresh / alone) * 100, 0),
          unit: '%',
          ok: fresh / alone >= 0.6 && loads.every(({ errors }) => errors === 0),
          detail: `${round(fresh, 0)} searches/s (${spread(loads.map(({ perSecond }) => perSecond))}), embedding alone ${round(alone, 0)}/s (${spread(model)}), medians of ${rounds} turns; ${round(cpuEach(loads))} ms CPU a search, ${loads.reduce((sum, { errors }) => sum + errors, 0)} errors`,
        },
      ];
    } finally {
      await server.stop();
      await installation.remove();
    }
  },
};

function row(name: string, load: Load): Row {
  return {
    id: 'A2',
    name,
    target: '≥ 1000/s, no errors',
    figure: round(load.perSecond, 0),
    unit: 'requests/s',
    ok: load.perSecond >= 1000 && load.errors === 0,
    detail: `${CONNECTIONS} connections for ${round(load.tookMs / 1000, 0)} s, ${load.requests} requests, ${load.errors} errors, p50 ${round(load.latency(0.5))} ms, p95 ${round(load.latency(0.95))} ms; ${round(cpuEach([load]), 3)} ms CPU a request, the generator's own ${round(load.ownCpuMs / load.requests, 3)}`,
  };
}

const cpuEach = (loads: readonly Load[]) =>
  loads.reduce((sum, { serverCpuMs }) => sum + serverCpuMs, 0) /
  loads.reduce((sum, { requests }) => sum + requests, 0);
const spread = (sample: readonly number[]) =>
  `${round(Math.min(...sample), 0)}–${round(Math.max(...sample), 0)}`;

/** Questions a second that the query thread's model embeds when it has nothing to wait for. */
async function modelAlone(questionOf: (n: number) => string, seconds: number): Promise<number> {
  const embedder = createBundledEmbedder({ modelDir });
  try {
    await embedder.warmUp();
    const begun = performance.now();
    let done = 0;
    const worker = async () => {
      while (performance.now() - begun < seconds * 1000) {
        await embedder.embed([questionOf(done)], 'query');
        done++;
      }
    };
    // two at a time: the next question lies ready when the thread has finished one
    await Promise.all([worker(), worker()]);
    return (done / (performance.now() - begun)) * 1000;
  } finally {
    await embedder.close();
  }
}
