import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { makePdf, prose, randomFrom } from './lib/documents.ts';
import { measureTree } from './lib/process-tree.ts';
import { percentile, round } from './lib/row.ts';
import { type Client, clientWith, registerClient, startServer } from './lib/server.ts';

/**
 * Two hours of use in some minutes: `node bench/soak.ts [--requests 20000] [--documents 300] [--json FILE]`. People
 * search, ask and read while documents come and go; after the first quarter, in which caches fill, the resident
 * memory of all processes must stay within 10 %. Exit code 1 when it does not, or when a request failed or was refused.
 */
const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '20000' },
    documents: { type: 'string', default: '300' },
    json: { type: 'string' },
  },
});
const requests = Number(values.requests);
const documents = Number(values.documents);

const MB = 1024 * 1024;
/** People at a time, each of whom waits for an answer before the next request. */
const PEOPLE = 4;
const DOCUMENTS_AT_ONCE = 10;
/** Of those that are there, so many stay; older ones are deleted. */
const KEPT = 150;
const SAMPLE_MS = 250;
const REFUSED_MS = 1000;
const WAIT_MS = 20;
const TENTHS = 10;

const random = randomFrom(11);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
/** Half of what is asked has been asked before. */
const questions = Array.from({ length: Math.ceil(requests / 4) }, (_, i) =>
  (prose(60, 50_000 + i)[0] as string).slice(0, 80),
);

const server = await startServer();
const { key } = await (await registerClient(server.url)).post<{ key: string }>('/api/v1/api-keys', {
  name: 'soak',
  scopes: ['read', 'write'],
});
const client = clientWith(server.url, key);
const samples: { at: number; rssBytes: number }[] = [];
let done = 0;
let failed = 0;
let refused = 0;
let uploaded = 0;
let cpuMs = 0;
let there: string[] = [];

const sampling = setInterval(
  () => samples.push({ at: done, rssBytes: measureTree(server.pid).rssBytes }),
  SAMPLE_MS,
);
const startedMs = performance.now();
try {
  await Promise.all([bringDocuments(), ...Array.from({ length: PEOPLE }, person)]);
} finally {
  clearInterval(sampling);
  cpuMs = measureTree(server.pid).cpuMs;
  await server.stop();
}

async function person(): Promise<void> {
  while (done < requests) {
    // all documents shall come, however slow the machine is
    if (done / requests > (uploaded + 2 * DOCUMENTS_AT_ONCE) / documents) {
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      continue;
    }
    done++;
    await use(client).catch((error: unknown) => {
      if (isRefusal(error)) {
        refused++;
        return;
      }
      failed++;
      if (failed < 5) console.error(error);
    });
  }
}

async function use(as: Client): Promise<unknown> {
  const roll = random();
  const document = there.length > 0 ? pick(there) : undefined;
  if (roll < 0.5) return as.post('/api/v1/search', { query: pick(questions), limit: 10 });
  if (roll < 0.7) return as.post('/api/v1/query', { query: pick(questions) });
  if (roll < 0.85 || document === undefined) return as.get('/api/v1/documents?limit=50');
  // it may be deleted in this moment
  if (roll < 0.95) return as.get(`/api/v1/documents/${document}/text?page=1`).catch(missing);
  return as.get('/api/v1/tasks?limit=20');
}

/** Of work that the server has no memory for at the moment. */
const isRefusal = (error: unknown): boolean => String(error).includes('urn:ka:error:overloaded');

function missing(error: unknown): void {
  if (!String(error).includes('answered 404')) throw error;
}

/** Comes along with the requests, so that both end together. */
async function bringDocuments(): Promise<void> {
  while (uploaded < documents && done < requests) {
    if (uploaded / documents > done / requests) {
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      continue;
    }
    const files = Array.from({ length: Math.min(DOCUMENTS_AT_ONCE, documents - uploaded) }, (_, i) => ({
      name: `soak-${uploaded + i}.pdf`,
      bytes: makePdf(1 + ((uploaded + i) % 8), uploaded + i),
    }));
    const batch = await client.upload(files).catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      refused++;
    });
    if (batch === undefined) {
      await new Promise((resolve) => setTimeout(resolve, REFUSED_MS));
      continue;
    }
    uploaded += files.length;
    await client.finished(batch.taskId);
    const all = [...there, ...batch.documents.map(({ id }) => id)];
    there = all.slice(-KEPT);
    const old = all.slice(0, -KEPT);
    if (old.length > 0)
      await client.post('/api/v1/documents/bulk', { documentIds: old, action: { type: 'delete' } });
  }
}

const tenths = Array.from({ length: TENTHS }, (_, tenth) => {
  const from = (tenth / TENTHS) * requests;
  const within = samples.filter(({ at }) => at >= from && at < from + requests / TENTHS);
  return round(
    percentile(
      within.map(({ rssBytes }) => rssBytes / MB),
      0.5,
    ),
    0,
  );
});
const part = (from: number, to: number) =>
  percentile(
    samples.filter(({ at }) => at >= from * requests && at < to * requests).map(({ rssBytes }) => rssBytes),
    0.5,
  );
const growth = part(0.75, 1) / part(0.25, 0.5);
const result = {
  requests: done,
  failed,
  /** For want of memory. */
  refused,
  documents: uploaded,
  seconds: round((performance.now() - startedMs) / 1000, 0),
  cpuSeconds: round(cpuMs / 1000, 1),
  medianMbByTenth: tenths,
  peakMb: round(Math.max(...samples.map(({ rssBytes }) => rssBytes)) / MB, 0),
  /** The last quarter against the second one. */
  growth: round(growth, 3),
  ok: failed + refused === 0 && growth <= 1.1,
};
console.log(JSON.stringify(result, undefined, 1));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result)}\n`);
process.exit(result.ok ? 0 : 1);
