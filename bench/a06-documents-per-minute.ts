import { makeDocx, makePdf } from './lib/documents.ts';
import { measureTree } from './lib/process-tree.ts';
import { type Bench, type Row, round } from './lib/row.ts';
import { registerClient, startServer } from './lib/server.ts';

/** Ten-page documents: how many a minute are found by keyword, and how many are fully embedded. */
export const bench: Bench = {
  id: 'A6',
  async run({ quick, log }) {
    const count = quick ? 8 : 30;
    const files = Array.from({ length: count }, (_, i) =>
      i % 2 === 0
        ? { name: `report-${i}.pdf`, bytes: makePdf(10, 100 + i) }
        : { name: `report-${i}.docx`, bytes: makeDocx(30_000, 100 + i) },
    );
    const server = await startServer();
    try {
      const client = await registerClient(server.url);
      const cpuBefore = measureTree(server.pid).cpuMs;
      const begun = performance.now();
      const { taskId } = await client.upload(files);
      let searchableMs = Number.NaN;
      let embeddedMs = Number.NaN;
      for (;;) {
        const { items } = await client.get<{ items: { status: string; chunks: number }[] }>(
          '/api/v1/documents?limit=200',
        );
        const elapsedMs = performance.now() - begun;
        if (
          Number.isNaN(searchableMs) &&
          items.length === count &&
          items.every(({ status }) => status === 'embedding' || status === 'ready')
        )
          searchableMs = elapsedMs;
        if (items.every(({ status }) => status === 'ready')) {
          embeddedMs = elapsedMs;
          break;
        }
        if (elapsedMs > 600_000) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const task = await client.finished(taskId);
      const cpuMs = measureTree(server.pid).cpuMs - cpuBefore;
      const chunks = (
        await client.get<{ items: { chunks: number }[] }>('/api/v1/documents?limit=200')
      ).items.reduce((sum, d) => sum + d.chunks, 0);
      log(`${task.progress.done} of ${count} done, ${chunks} chunks`);
      const detail = `${count} documents of ten pages (PDF and DOCX), ${chunks} chunks, ${round(cpuMs / count)} ms CPU a document in all`;
      const rate = (ms: number) => round((count / ms) * 60_000, 0);
      return [
        {
          id: 'A6',
          name: 'documents a minute, found by keyword',
          target: '≥ 100',
          figure: rate(searchableMs),
          unit: 'a minute',
          ok: rate(searchableMs) >= 100,
          detail,
        },
        {
          id: 'A6',
          name: 'documents a minute, fully embedded',
          target: '≥ 30',
          figure: rate(embeddedMs),
          unit: 'a minute',
          ok: rate(embeddedMs) >= 30,
          detail,
        },
      ] satisfies Row[];
    } finally {
      await server.stop();
    }
  },
};
