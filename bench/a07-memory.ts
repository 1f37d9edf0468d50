import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDocx, makePdf } from './lib/documents.ts';
import { makeInstallation } from './lib/installation.ts';
import { measureTree, sampleRss } from './lib/process-tree.ts';
import { type Bench, type Row, round } from './lib/row.ts';
import { registerClient, startServer } from './lib/server.ts';

const MB = 1024 * 1024;
const sharedDocuments = join(dirname(dirname(dirname(import.meta.dirname))), 'shared', 'eval', 'docs');

/** Resident set of all our processes: after start, at the peak of an ingest under load, at rest after use. */
export const bench: Bench = {
  id: 'A7',
  async run({ quick, log }) {
    const installation = await makeInstallation(10_000);
    const server = await startServer({ dataDir: installation.dataDir });
    try {
      const client = await registerClient(server.url, installation.email);
      const ask = (i: number) =>
        client.post('/api/v1/search', {
          query: `${installation.words[i % installation.words.length]} harbor engine ${i}`,
          limit: 10,
        });
      await ask(0);
      await new Promise((resolve) => setTimeout(resolve, 2000));
      const afterStart = measureTree(server.pid).rssBytes;
      log(`after start: ${round(afterStart / MB)} MB`);

      const files = mixedPdfs(quick ? 25 : 100);
      const sampler = sampleRss(server.pid);
      const { taskId } = await client.upload(files);
      let asked = 0;
      const load = setInterval(() => void ask(++asked).catch(() => {}), 100);
      const task = await client.finished(taskId);
      clearInterval(load);
      const { peakBytes, samples } = sampler.stop();
      log(
        `peak ${round(peakBytes / MB)} MB over ${samples} samples, ${task.progress.done} done, ${task.progress.failed} failed`,
      );

      await new Promise((resolve) => setTimeout(resolve, quick ? 35_000 : 60_000));
      const atRest = measureTree(server.pid);
      const row = (name: string, bytes: number, targetMb: number, detail: string): Row => ({
        id: 'A7',
        name,
        target: `< ${targetMb} MB`,
        figure: round(bytes / MB, 0),
        unit: 'MB RSS',
        ok: bytes / MB < targetMb,
        detail,
      });
      return [
        row('after start, model and 10 k chunks loaded', afterStart, 220, 'after one search that loads both'),
        row(
          'peak while ingesting PDFs under load',
          peakBytes,
          450,
          `${files.length} PDFs, ${asked} searches beside them, sampled every 100 ms`,
        ),
        row('at rest after use', atRest.rssBytes, 256, `${atRest.processes} process(es) left`),
      ];
    } finally {
      await server.stop();
      await installation.remove();
    }
  },
};

/** Real PDFs where the evaluation material lies beside the checkout, made ones otherwise and to fill up. */
function mixedPdfs(count: number): { name: string; bytes: Uint8Array }[] {
  const real: { name: string; bytes: Uint8Array }[] = existsSync(sharedDocuments)
    ? readdirSync(sharedDocuments, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.pdf'))
        .sort()
        .map((file) => ({
          name: file.replaceAll('/', '-'),
          bytes: new Uint8Array(readFileSync(join(sharedDocuments, file))),
        }))
    : [];
  const files = real.slice(0, count);
  for (let i = files.length; i < count; i++) {
    files.push(
      i % 5 === 4
        ? { name: `made-${i}.docx`, bytes: makeDocx(60_000, i) }
        : { name: `made-${i}.pdf`, bytes: makePdf(5 + (i % 20), i) },
    );
  }
  return files;
}
