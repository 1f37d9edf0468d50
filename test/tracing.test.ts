import { expect, onTestFinished, test } from 'vitest';
import { registerClient, startServer } from '../bench/lib/server.ts';
import { startCollector } from './support/otlp-collector.ts';

test('an upload and a question leave their stages at the collector, from all threads', async () => {
  const collector = await startCollector();
  onTestFinished(collector.close);
  const server = await startServer({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } });
  try {
    const client = await registerClient(server.url);
    const { taskId } = await client.upload([
      { name: 'harbour.md', bytes: Buffer.from('# Harbour\n\nA visiting yacht pays 34 crowns a night.\n') },
    ]);
    await client.finished(taskId);
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const response = await fetch(`${server.url}/api/v1/query`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${client.token}`,
        'content-type': 'application/json',
        traceparent: `00-${traceId}-b7ad6b7169203331-01`,
      },
      body: JSON.stringify({ query: 'How much does a visiting yacht pay a night?' }),
    });
    expect(response.status).toBe(200);
    await server.stop();

    const { spans } = collector;
    const asked = spans.filter((span) => span.traceId === traceId);
    const root = asked.find(({ name }) => name === 'POST /api/v1/query');
    expect(root).toMatchObject({
      parentSpanId: 'b7ad6b7169203331',
      attributes: {
        'http.route': '/api/v1/query',
        'http.response.status_code': 200,
        'ka.request_id': response.headers.get('x-request-id'),
      },
    });
    const stages = ['embed question', 'search vectors', 'search keywords', 'load passages'];
    for (const name of stages)
      expect(asked.find((span) => span.name === name)?.parentSpanId, name).toBe(root?.spanId);

    const job = spans.find(({ name }) => name === 'job ingest');
    for (const name of ['read part', 'index part'])
      expect(spans.find((span) => span.name === name)?.parentSpanId, name).toBe(job?.spanId);
    const embedding = spans.find(({ name }) => name === 'embed passages');
    expect(embedding).toMatchObject({ attributes: { passages: 1 } });
    expect(spans.find(({ spanId }) => spanId === embedding?.parentSpanId)?.name).toBe('job embed');
    expect(JSON.stringify(spans)).not.toMatch(/yacht|harbour/i);
  } finally {
    await server.stop().catch(() => {});
  }
});
