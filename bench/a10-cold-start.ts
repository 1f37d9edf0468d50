import { makeInstallation } from './lib/installation.ts';
import { type Bench, percentile, type Row, round } from './lib/row.ts';
import { registerClient, startServer } from './lib/server.ts';

/** From the start of the process to ready, and to the first answer, with 10 k chunks stored. */
export const bench: Bench = {
  id: 'A10',
  async run({ quick, log }) {
    const installation = await makeInstallation(10_000);
    try {
      const readyMs: number[] = [];
      const answerMs: number[] = [];
      for (let i = 0; i < (quick ? 3 : 7); i++) {
        const server = await startServer({ dataDir: installation.dataDir });
        readyMs.push(server.readyMs);
        const client = await registerClient(server.url, installation.email);
        await client.post('/api/v1/query', { query: `What about ${installation.words[i]} and the harbor?` });
        answerMs.push(performance.now() - server.startedAt);
        await server.stop();
      }
      log(`ready ${readyMs.map((ms) => round(ms, 0)).join(', ')} ms`);
      const row = (name: string, sample: number[], targetMs: number): Row => {
        const median = percentile(sample, 0.5);
        return {
          id: 'A10',
          name,
          target: `< ${targetMs / 1000} s`,
          figure: round(median, 0),
          unit: 'ms',
          ok: median < targetMs,
          detail: `median of ${sample.length}, ${round(Math.min(...sample), 0)}–${round(Math.max(...sample), 0)} ms; signing in included in the answer`,
        };
      };
      return [
        row('process start to ready', readyMs, 1500),
        row('process start to first answer', answerMs, 3000),
      ];
    } finally {
      await installation.remove();
    }
  },
};
