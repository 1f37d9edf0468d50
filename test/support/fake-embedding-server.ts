import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { hashWords } from './fake-embedder.ts';
import { FAKE_KEY } from './fake-language-model.ts';

/** One request for vectors, in whichever wire format it came. */
export interface EmbeddingSeen {
  readonly model: string;
  readonly texts: readonly string[];
  /** As asked for; undefined: the model's own. */
  readonly dimensions: number | undefined;
  /** Gemini's. */
  readonly taskType: string | undefined;
}

/** How a request is answered instead of with vectors. */
export type EmbeddingFault =
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | 'cut'
  | 'silence'
  | 'junk'
  /** As if the model had given up on its last text. */
  | 'one-less';

export interface FakeEmbeddingServer {
  /** Undefined: vectors. `nth` counts from 0. */
  fault: (request: EmbeddingSeen, nth: number) => EmbeddingFault | undefined;
  readonly seen: readonly EmbeddingSeen[];
  /** `EMBEDDING_BASE_URL`. */
  baseUrl(provider: 'gemini' | 'openai'): string;
  close(): Promise<void>;
}

/** Lengths of the vectors that it makes where nobody asks for another. */
const MODELS: Readonly<Record<string, number>> = {
  'gemini-embedding-001': 3072,
  'text-embedding-3-small': 1536,
  'all-minilm': 384,
  'house-model': 96,
};

/**
 * A server on loopback that speaks the embedding routes of Gemini and of OpenAI for their real clients. Texts that share
 * words have near vectors, which are not normalized: shortened ones of real providers are not either.
 */
export async function startFakeEmbeddingServer(): Promise<FakeEmbeddingServer> {
  const seen: EmbeddingSeen[] = [];
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const isGemini = path.startsWith('/v1beta/models/');
    const key = isGemini ? request.headers['x-goog-api-key'] : request.headers.authorization;
    if (key !== (isGemini ? FAKE_KEY : `Bearer ${FAKE_KEY}`))
      return send(response, 401, { error: { message: 'no such key', code: 'invalid_api_key' } });
    if (!isGemini && path !== '/v1/embeddings') return send(response, 404, { error: { message: path } });
    const body = await readJson(request);
    const asked = isGemini ? readGemini(path, body) : readOpenAi(body);
    const own = MODELS[asked.model];
    if (own === undefined)
      return send(response, 404, { error: { message: 'unknown', code: 'model_not_found' } });
    // both refuse what holds nothing
    if (asked.texts.some((text) => text === '' || text.includes('\0')) || asked.texts.length > 100)
      return send(response, 400, { error: { message: 'refused', code: 'invalid_input' } });
    seen.push(asked);
    const fault = fake.fault(asked, seen.length - 1);
    if (fault === 'silence') return;
    if (fault === 'cut') return void response.destroy();
    if (fault === 'junk') return void response.end('<html>It works!</html>');
    if (typeof fault === 'object')
      return send(
        response,
        fault.status,
        { error: { message: 'scripted', code: 'scripted' } },
        fault.headers,
      );
    const texts = fault === 'one-less' ? asked.texts.slice(1) : asked.texts;
    const values = texts.map((text) =>
      Array.from(hashWords(`${asked.model} ${text}`, asked.dimensions ?? own), (value) => 3 * value),
    );
    if (path.endsWith(':embedContent')) return send(response, 200, { embedding: { values: values[0] } });
    if (isGemini) return send(response, 200, { embeddings: values.map((one) => ({ values: one })) });
    const prompt_tokens = texts.reduce((sum, text) => sum + text.split(/\s+/).length, 0);
    return send(response, 200, {
      object: 'list',
      model: asked.model,
      data: values.map((embedding, index) => ({ object: 'embedding', index, embedding })),
      usage: { prompt_tokens, total_tokens: prompt_tokens },
    });
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const fake: FakeEmbeddingServer = {
    fault: () => undefined,
    seen,
    baseUrl: (provider) => `http://127.0.0.1:${port}/${provider === 'gemini' ? 'v1beta' : 'v1'}`,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
  return fake;
}

interface GeminiRequest {
  readonly content: { readonly parts: readonly { readonly text: string }[] };
  readonly outputDimensionality?: number;
  readonly taskType?: string;
}

function readGemini(path: string, body: unknown): EmbeddingSeen {
  const { requests = [body as GeminiRequest] } = body as { readonly requests?: readonly GeminiRequest[] };
  return {
    model: path.slice('/v1beta/models/'.length).split(':')[0] ?? '',
    texts: requests.map(({ content }) => content.parts.map(({ text }) => text).join('')),
    dimensions: requests[0]?.outputDimensionality,
    taskType: requests[0]?.taskType,
  };
}

function readOpenAi(body: unknown): EmbeddingSeen {
  const { model, input, dimensions } = body as {
    readonly model: string;
    readonly input: readonly string[];
    readonly dimensions?: number;
  };
  return { model, texts: input, dimensions, taskType: undefined };
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString());
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
