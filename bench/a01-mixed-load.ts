import { makePdf } from './lib/documents.ts';
import { makeInstallation } from './lib/installation.ts';
import { type Load, runLoad } from './lib/load.ts';
import { type Bench, percentile, type Row, round } from './lib/row.ts';
import { registerClient, startServer } from './lib/server.ts';
import { mixedShots, repeatedShots } from './lib/shots.ts';

const USERS = 100;
const PER_SECOND = 200;
const DOCUMENTS = 100;

/**
 * A hundred users at fixed times, two requests a second each: 70 % reads, 20 % searches of which half repeat, 10 %
 * questions of which half repeat. First alone, then while a hundred documents are taken in. The quiet half is also
 * what row A9 asks of the processor.
 */
export const bench: Bench = {
  id: 'A1',
  async run({ quick, log }) {
    const seconds = quick ? 10 : 30;
    const rounds = quick ? 1 : 3;
    const installation = await makeInstallation(10_000, { users: USERS });
    const { tokens, words } = installation;
    const server = await startServer({
      dataDir: installation.dataDir,
      env: { MAX_BATCH_FILES: String(DOCUMENTS) },
    });
    let part = 0;
    const mixed = (time: number) =>
      runLoad(server, {
        tokens,
        connections: USERS,
        perSecond: PER_SECOND,
        seconds: time,
        shots: mixedShots(PER_SECOND * time, { users: USERS, words, from: part++ * 100_000 }),
      });
    try {
      const repeated = repeatedShots(USERS, words);
      await runLoad(server, {
        tokens,
        connections: 4,
        perSecond: 60,
        seconds: repeated.length / 60,
        shots: repeated,
      });
      await mixed(5);
      const client = await registerClient(server.url, installation.email);
      const quiet: Load[] = [];
      const busy: Load[] = [];
      let inTime = 0;
      for (let i = 0; i < rounds; i++) {
        quiet.push(await mixed(seconds));
        const { taskId } = await client.upload(
          Array.from({ length: DOCUMENTS }, (_, n) => ({
            name: `report-${i}-${n}.pdf`,
            bytes: makePdf(6, 10_000 + i * DOCUMENTS + n),
          })),
        );
        busy.push(await mixed(seconds));
        const task = await client.get<{ status: string; progress: { done: number } }>(
          `/api/v1/tasks/${taskId}`,
        );
        if (task.status === 'processing') inTime++;
        log(
          `p95 ${round(quiet.at(-1)?.latency(0.95) ?? 0)} ms alone, ${round(busy.at(-1)?.latency(0.95) ?? 0)} ms beside the ingest (${task.progress.done} of ${DOCUMENTS} done, ${task.status})`,
        );
        await client.finished(taskId);
      }
      const p95 = (loads: readonly Load[], kind?: string) =>
        percentile(
          loads.map((load) => load.latency(0.95, kind)),
          0.5,
        );
      const growth = p95(busy) / p95(quiet);
      const errors = [...quiet, ...busy].reduce((sum, load) => sum + load.errors, 0);
      const kinds = ['read', 'search again', 'search', 'ask again', 'ask'];
      const detail = (loads: readonly Load[]) =>
        `${rounds} × ${seconds} s at ${PER_SECOND}/s from planned times, p50 ${round(
          percentile(
            loads.map((load) => load.latency(0.5)),
            0.5,
          ),
        )} ms; p95 by kind: ${kinds.map((kind) => `${kind} ${round(p95(loads, kind), 1)}`).join(', ')} ms`;
      const cpuShare = percentile(
        quiet.map(({ serverCpuMs, tookMs }) => serverCpuMs / tookMs),
        0.5,
      );
      const peak = Math.max(...quiet.map(({ peakCpuShare }) => peakCpuShare));
      const row = (
        id: string,
        name: string,
        target: string,
        figure: number,
        unit: string,
        ok: boolean,
        text: string,
      ): Row => ({
        id,
        name,
        target,
        figure,
        unit,
        ok,
        detail: text,
      });
      return [
        row(
          'A1',
          '100 users, mixed load, p95',
          '< 50 ms',
          round(p95(quiet)),
          'ms',
          p95(quiet) < 50 && errors === 0,
          `${detail(quiet)}; ${errors} errors`,
        ),
        row(
          'A1',
          'the same while 100 documents are taken in, p95',
          '< 50 ms',
          round(p95(busy)),
          'ms',
          p95(busy) < 50 && errors === 0,
          detail(busy),
        ),
        row(
          'A1',
          'growth of p95 by the ingest',
          '< 1.5×',
          round(growth),
          '×',
          growth < 1.5,
          `median of ${rounds} pairs, alternately; the ingest outlasted the load in ${inTime}`,
        ),
        row(
          'A9',
          `processor at ${PER_SECOND} requests/s mixed`,
          '< 50 % of a core',
          round(cpuShare * 100, 0),
          '%',
          cpuShare < 0.5,
          `whole process tree; ${round((cpuShare * 1000) / PER_SECOND)} ms CPU a request`,
        ),
        row(
          'A9',
          'the busiest second of it',
          '< 80 % of a core',
          round(peak * 100, 0),
          '%',
          peak < 0.8,
          'sampled every second',
        ),
      ];
    } finally {
      await server.stop();
      await installation.remove();
    }
  },
};
