import { createBundledEmbedder } from '../src/server/drivers/embedder/bundled.ts';
import { modelDir } from '../src/server/version.ts';
import { makeDocx, makePdf } from './lib/documents.ts';
import { type Bench, type Row, round } from './lib/row.ts';
import { type Client, registerClient, startServer } from './lib/server.ts';

const MB = 1_000_000;

/** A 10 MB file: acknowledged, found by keyword to its last word; and how closely vectors follow the model's own pace. */
export const bench: Bench = {
  id: 'A3',
  async run({ log }) {
    const rows: Row[] = [];
    const server = await startServer();
    try {
      const client = await registerClient(server.url);
      const files = [
        {
          name: 'report.pdf',
          what: 'PDF of 10 MB, 300 pages',
          bytes: makePdf(300, 1, { lastWord: 'zanzibarone', ballastBytes: 9 * MB }),
          word: 'zanzibarone',
        },
        {
          name: 'report.docx',
          what: 'DOCX of 10 MB, 1 MB of text',
          bytes: makeDocx(MB, 2, { lastWord: 'zanzibartwo', ballastBytes: 8.8 * MB }),
          word: 'zanzibartwo',
        },
        {
          name: 'dense.pdf',
          what: 'PDF of 10 MB, all text (3,100 pages)',
          bytes: makePdf(3100, 3, { lastWord: 'zanzibarthree' }),
          word: 'zanzibarthree',
        },
        {
          name: 'dense.docx',
          what: 'DOCX of 10 MB, all text',
          bytes: makeDocx(9.3 * MB, 4, { lastWord: 'zanzibarfour' }),
          word: 'zanzibarfour',
        },
      ];
      for (const { name, what, bytes, word } of files) {
        const begun = performance.now();
        const { taskId, documents } = await client.upload([{ name, bytes }]);
        const acknowledgedMs = performance.now() - begun;
        let foundMs = Number.NaN;
        while (performance.now() - begun < 120_000) {
          const { hits } = await client.post<{ hits: unknown[] }>('/api/v1/search', {
            query: word,
            mode: 'keyword',
            limit: 1,
          });
          if (hits.length > 0) {
            foundMs = performance.now() - begun;
            break;
          }
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        log(`${what}: acknowledged ${round(acknowledgedMs)} ms, found ${round(foundMs)} ms`);
        const detail = `${(bytes.length / MB).toFixed(1)} MB`;
        rows.push({
          id: 'A3',
          name: `${what}: acknowledged`,
          target: '< 1 s',
          figure: round(acknowledgedMs),
          unit: 'ms',
          ok: acknowledgedMs < 1000,
          detail,
        });
        rows.push({
          id: 'A3',
          name: `${what}: found by keyword`,
          target: '< 5 s',
          figure: round(foundMs),
          unit: 'ms',
          ok: foundMs < 5000,
          detail,
        });
        // the next file shall not compete with this one's vectors
        await fetch(`${server.url}/api/v1/tasks/${taskId}`, {
          method: 'DELETE',
          headers: { authorization: `Bearer ${client.token}` },
        });
        for (const { id } of documents)
          await fetch(`${server.url}/api/v1/documents/${id}`, {
            method: 'DELETE',
            headers: { authorization: `Bearer ${client.token}` },
          });
      }
      rows.push(await embeddingPace(client, log));
    } finally {
      await server.stop();
    }
    return rows;
  },
};

/** Passages a second through the whole pipeline, and through the model alone, one after the other. */
async function embeddingPace(client: Client, log: (line: string) => void): Promise<Row> {
  const { taskId, documents } = await client.upload([{ name: 'pace.docx', bytes: makeDocx(250_000, 5) }]);
  const [id] = documents.map((document) => document.id);
  let begun = 0;
  for (;;) {
    const { status } = await client.get<{ status: string }>(`/api/v1/documents/${id}`);
    if (status === 'embedding' && begun === 0) begun = performance.now();
    if (status === 'ready' || status === 'failed') break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const pipelineMs = performance.now() - begun;
  await client.finished(taskId);
  const { items } = await client.get<{ items: { text: string; headingPath: string[] }[] }>(
    `/api/v1/documents/${id}/chunks?limit=200`,
  );
  const { total } = await client.get<{ total: number }>(`/api/v1/documents/${id}/chunks?limit=1`);
  const embedder = createBundledEmbedder({ modelDir });
  try {
    const texts = items.map(({ text, headingPath }) => `pace\n${headingPath.join(' > ')}\n${text}`);
    await embedder.embed(texts.slice(0, 4), 'passage');
    const alone = performance.now();
    for (let at = 0; at < texts.length; at += 32) await embedder.embed(texts.slice(at, at + 32), 'passage');
    const perSecondAlone = texts.length / ((performance.now() - alone) / 1000);
    const perSecond = total / (pipelineMs / 1000);
    log(`embedding: ${round(perSecond)} passages/s in the pipeline, ${round(perSecondAlone)} alone`);
    const share = perSecond / perSecondAlone;
    return {
      id: 'A3',
      name: 'vectors follow at the pace of the model alone',
      target: '≥ 90 %',
      figure: round(share * 100, 0),
      unit: '%',
      ok: share >= 0.9,
      detail: `${round(perSecond, 1)} against ${round(perSecondAlone, 1)} passages/s, the model's start included in the first`,
    };
  } finally {
    await embedder.close();
  }
}
