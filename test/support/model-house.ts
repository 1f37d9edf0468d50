import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, registerClient } from '../../bench/lib/server.ts';
import type { QueryRequest } from '../../src/contract/query.ts';
import { createServer, openInstallation } from '../../src/server/app.ts';
import { readConfig } from '../../src/server/config.ts';
import { createLog } from '../../src/server/log.ts';
import { createMetrics } from '../../src/server/metrics.ts';
import { DEFAULT_MODELS } from '../../src/server/settings.ts';
import { FAKE_KEY, startFakeLanguageModel } from './fake-language-model.ts';
import { type EventSeen, readEvents } from './read-events.ts';

/** The whole program with Gemini's real client, which talks to a fake server on loopback. */
export type ModelHouse = Awaited<ReturnType<typeof openModelHouse>>;

type Asked = Partial<QueryRequest> & { readonly query: string };

export async function openModelHouse(env: Readonly<Record<string, string>> = {}) {
  const fake = await startFakeLanguageModel({ models: [DEFAULT_MODELS.gemini] });
  const dataDir = mkdtempSync(join(tmpdir(), 'ka-model-'));
  const logged: string[] = [];
  const metrics = createMetrics();
  const installation = await openInstallation(
    readConfig({
      DATA_DIR: dataDir,
      PORT: '0',
      RATE_LIMIT_PER_MINUTE: '0',
      GEMINI_API_KEY: FAKE_KEY,
      LLM_BASE_URL: fake.baseUrl('gemini'),
      ...env,
    }),
    { log: createLog('info', (line) => void logged.push(line)) },
  );
  const server = await createServer(installation, metrics);
  const url = await server.listen();
  await installation.ready;
  let people = 0;
  return {
    fake,
    url,
    installation,
    metrics,
    /** Every line that was logged. */
    logged,
    /** A new user with these documents, found by word and meaning. */
    async userWith(documents: Readonly<Record<string, string>>): Promise<Client> {
      const client = await registerClient(url, `person${++people}@example.org`);
      const { taskId } = await client.upload(
        Object.entries(documents).map(([name, text]) => ({ name, bytes: Buffer.from(text) })),
      );
      await client.finished(taskId);
      return client;
    },
    /** A question over HTTP, as it is answered in one piece. */
    ask: ({ token }: Client, body: Asked): Promise<Response> => post(`${url}/api/v1/query`, token, body),
    /** The same as it comes. */
    async *stream({ token }: Client, body: Asked, signal?: AbortSignal): AsyncGenerator<EventSeen> {
      yield* readEvents(await post(`${url}/api/v1/query`, token, body, signal, 'text/event-stream'));
    },
    async close() {
      await server.drain(1000);
      await installation.close();
      await fake.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const post = (url: string, token: string, body: unknown, signal?: AbortSignal, accept = 'application/json') =>
  fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', accept },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });

/** The tokens among events, put together. */
export const textOf = (events: readonly EventSeen[]): string =>
  events
    .filter(({ event }) => event === 'token')
    .map(({ data }) => (data as { text: string }).text)
    .join('');
