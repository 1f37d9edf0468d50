import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assembleProductionTree, checkout } from '../scripts/production/production-tree.ts';
import { type Bench, type Row, round } from './lib/row.ts';
import { registerClient, startServer } from './lib/server.ts';

const MB = 1024 * 1024;

/** Bytes of what an installation needs to run, without Node itself, and that this tree starts and answers. */
export const bench: Bench = {
  id: 'A11',
  async run({ log }) {
    const folder = await mkdtemp(join(tmpdir(), 'ka-size-'));
    try {
      const out = join(folder, 'tree');
      const tree = assembleProductionTree(checkout, out, {
        platform: process.platform,
        arch: process.arch,
      });
      const largest = tree.packages
        .slice(0, 4)
        .map(({ name, bytes }) => `${name} ${round(bytes / MB, 1)}`)
        .join(', ');
      log(`${largest} MB`);
      const answers = await answersFrom(out);
      const row = (name: string, bytes: number, targetMb: number, works: boolean, detail: string): Row => ({
        id: 'A11',
        name,
        target: `< ${targetMb} MB`,
        figure: round(bytes / MB, 1),
        unit: 'MB',
        ok: works && bytes > 0 && bytes < targetMb * MB,
        detail,
      });
      return [
        row(
          'production tree',
          tree.bytes,
          120,
          answers,
          `packages ${round(tree.packageBytes / MB, 1)} MB (${largest}), server ${round(tree.builtBytes / MB, 1)}, web ${round(tree.webBytes / MB, 1)}, model ${round(tree.modelBytes / MB, 1)}; for ${process.platform} ${process.arch}; ${answers ? 'it starts and cites what was uploaded' : 'it does not do its main job'}`,
        ),
        row(
          'web assets',
          tree.webBytes,
          3,
          true,
          'everything under the built web app, compressed copies included',
        ),
      ];
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

/** Whether a server of this tree takes a document in and cites it. */
async function answersFrom(tree: string): Promise<boolean> {
  const server = await startServer({ tree });
  try {
    const client = await registerClient(server.url);
    const { taskId, documents } = await client.upload([
      { name: 'harbour.txt', bytes: Buffer.from('A visiting yacht pays 34 crowns a night at the harbour.') },
    ]);
    await client.finished(taskId);
    const { citations } = await client.post<{ citations: { documentId: string }[] }>('/api/v1/query', {
      query: 'How much does a visiting yacht pay a night?',
    });
    return citations[0]?.documentId === documents[0]?.id;
  } finally {
    await server.stop();
  }
}
