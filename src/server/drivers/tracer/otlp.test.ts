import { expect, onTestFinished, test } from 'vitest';
import { startCollector } from '../../../../test/support/otlp-collector.ts';
import { span, spanEach, spanOver, startTracing } from '../../tracing.ts';
import { createOtlpTracer } from './otlp.ts';

async function traced() {
  const collector = await startCollector();
  const failures: unknown[] = [];
  const tracer = createOtlpTracer({
    endpoint: `${collector.url}/`,
    version: '1.2.3',
    onFailure: (error) => void failures.push(error),
    flushAfterMs: 60_000,
  });
  const end = startTracing(tracer);
  onTestFinished(async () => {
    await end();
    collector.close();
  });
  return { collector, tracer, failures, end };
}
const byName = (collector: Awaited<ReturnType<typeof startCollector>>, name: string) =>
  collector.spans.find((one) => one.name === name);

test('spans lie within each other as their work does, side by side too', async () => {
  const { collector, tracer } = await traced();
  await span('outer', async () => {
    await Promise.all([
      span('left', async () => span('leaf', async () => {}, { passages: 3, share: 0.5, kind: 'short' })),
      span('right', async () => {}),
    ]);
  });
  await expect(
    span('broken', async () => {
      throw new Error('the secret text of a user');
    }),
  ).rejects.toThrow('secret');
  await tracer.flush();
  const outer = byName(collector, 'outer');
  expect(outer).toMatchObject({ service: 'knowledge-assistant', kind: 1, status: {} });
  expect(outer).not.toHaveProperty('parentSpanId');
  expect(outer?.traceId).toMatch(/^[\da-f]{32}$/);
  for (const name of ['left', 'right'])
    expect(byName(collector, name)).toMatchObject({ traceId: outer?.traceId, parentSpanId: outer?.spanId });
  expect(byName(collector, 'leaf')).toMatchObject({
    parentSpanId: byName(collector, 'left')?.spanId,
    attributes: { passages: 3, share: 0.5, kind: 'short' },
  });
  expect(byName(collector, 'broken')?.status).toEqual({ code: 2 });
  expect(byName(collector, 'broken')?.traceId).not.toBe(outer?.traceId);
  expect(JSON.stringify(collector.spans)).not.toContain('secret');
  const nano = (text: string | undefined) => BigInt(text ?? 0);
  expect(nano(outer?.endTimeUnixNano) >= nano(outer?.startTimeUnixNano)).toBe(true);
  expect(Math.abs(Number(nano(outer?.startTimeUnixNano) / 1_000_000n) - Date.now())).toBeLessThan(60_000);
  expect(collector.requests).toEqual([{ url: '/v1/traces', type: 'application/json' }]);
});

test("a request goes on with its caller's trace, unless that is not sampled or makes no sense", async () => {
  const { collector, tracer } = await traced();
  const [traceId, spanId] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  const request = (name: string, traceparent: string | undefined) => {
    let inner: Promise<void> | undefined;
    const made = tracer.request(traceparent, () => {
      inner = span(`${name} inner`, async () => {});
    });
    return inner?.then(() => made.end(name, false, {}));
  };
  await request('known', `00-${traceId}-${spanId}-01`);
  await request('unsampled', `00-${traceId}-${spanId}-00`);
  await request('none', undefined);
  await request('zeros', `00-${'0'.repeat(32)}-${spanId}-01`);
  await request('nonsense', 'x');
  await tracer.flush();
  expect(byName(collector, 'known')).toMatchObject({ traceId, parentSpanId: spanId, kind: 2 });
  expect(byName(collector, 'known inner')?.parentSpanId).toBe(byName(collector, 'known')?.spanId);
  expect(collector.spans.filter(({ name }) => name.startsWith('unsampled'))).toEqual([]);
  for (const name of ['none', 'zeros', 'nonsense']) {
    expect(byName(collector, name)).not.toHaveProperty('parentSpanId');
    expect(byName(collector, name)?.traceId).not.toMatch(/^0+$/);
  }
});

test('each wait for an item is a span, and who stops early ends what is behind', async () => {
  const { collector, tracer } = await traced();
  let ended = false;
  async function* items() {
    try {
      yield 1;
      yield 2;
      yield 3;
    } finally {
      ended = true;
    }
  }
  const seen = [];
  for await (const item of spanEach('item', items())) {
    seen.push(item);
    if (item === 2) break;
  }
  await tracer.flush();
  expect([seen, ended, collector.spans.length]).toEqual([[1, 2], true, 2]);
});

test('a stream is one span, which fails with it and ends when nobody listens any more', async () => {
  const { collector, tracer } = await traced();
  async function* words(fault?: Error) {
    yield 'a';
    yield 'b';
    if (fault) throw fault;
  }
  const read = async (items: AsyncIterable<string>, most: number) => {
    const seen = [];
    for await (const word of items) if (seen.push(word) === most) break;
    return seen;
  };
  expect(await read(spanOver('whole', words()), 9)).toEqual(['a', 'b']);
  expect(await read(spanOver('left', words()), 1)).toEqual(['a']);
  await expect(read(spanOver('failed', words(new Error('away'))), 9)).rejects.toThrow('away');
  await tracer.flush();
  expect(collector.spans.map(({ name, status }) => [name, status.code])).toEqual([
    ['whole', undefined],
    ['left', undefined],
    ['failed', 2],
  ]);
});

test('a collector that fails is told of once, and loses only what it was sent', async () => {
  const { collector, tracer, failures } = await traced();
  collector.answerWith(503);
  for (const name of ['a', 'b']) {
    await span(name, async () => {});
    await tracer.flush();
  }
  expect(failures).toHaveLength(1);
  collector.answerWith(200);
  await span('c', async () => {});
  await tracer.flush();
  expect(collector.spans.map(({ name }) => name)).toEqual(['c']);
});

test('spans go in batches, and what is too much is left out', async () => {
  const { collector, tracer } = await traced();
  // all are kept before the first batch can have been sent
  for (let i = 0; i < 3000; i++) tracer.request(undefined, () => {}).end(`s${i}`, false, {});
  await tracer.flush();
  expect(collector.spans).toHaveLength(2048);
  expect(collector.requests).toHaveLength(4);
});

test('without tracing the work is called and nothing is put around it', () => {
  const promise = Promise.resolve(1);
  expect(span('name', () => promise)).toBe(promise);
  const items = (async function* () {})();
  expect(spanEach('name', items)).toBe(items);
  expect(spanOver('name', items)).toBe(items);
});
