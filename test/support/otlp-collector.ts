import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CollectedSpan {
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly status: { readonly code?: number };
}

type Attribute = { key: string; value: { stringValue?: string; intValue?: string; doubleValue?: number } };

const plain = (attributes: readonly Attribute[]) =>
  Object.fromEntries(
    attributes.map(({ key, value }) => [
      key,
      value.stringValue ??
        (value.intValue === undefined ? (value.doubleValue as number) : Number(value.intValue)),
    ]),
  );

/** Stands for an OpenTelemetry collector: takes OTLP as JSON over HTTP and keeps the spans. */
export async function startCollector() {
  const spans: CollectedSpan[] = [];
  const requests: { url: string | undefined; type: string | undefined }[] = [];
  const waiting = new Set<() => void>();
  const state = { status: 200 };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push({ url: request.url, type: request.headers['content-type'] });
    if (state.status === 200)
      for (const { resource, scopeSpans } of JSON.parse(Buffer.concat(chunks).toString()).resourceSpans)
        for (const { spans: some } of scopeSpans)
          for (const span of some)
            spans.push({
              ...span,
              service: plain(resource.attributes)['service.name'],
              attributes: plain(span.attributes),
            });
    response.writeHead(state.status, { 'content-type': 'application/json' }).end('{}');
    for (const look of waiting) look();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    answerWith(status: number) {
      state.status = status;
    },
    /** Resolves when what came satisfies `holds`. */
    async until(holds: () => boolean): Promise<void> {
      if (holds()) return;
      await new Promise<void>((resolve) => {
        const look = () => {
          if (!holds()) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
      });
    },
    close: () => void server.close(),
  };
}
