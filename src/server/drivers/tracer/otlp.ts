import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { SpanAttributes, Tracer } from '../../ports/tracer.ts';

export interface OtlpOptions {
  /** OTEL_EXPORTER_OTLP_ENDPOINT: spans go to `/v1/traces` under it. */
  readonly endpoint: string;
  readonly version: string;
  /** Told of the first failure after a success. */
  readonly onFailure: (error: unknown) => void;
  readonly flushAfterMs?: number;
}

/** What a span's children must know of it; `sampled: false` keeps a whole trace out. */
interface Context {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

/** A span of OTLP's JSON encoding. */
interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { key: string; value: object }[];
  readonly status: { code?: number };
}

/** More than this are dropped until some have been sent: 2,048 take some 2 MB. */
const MOST_KEPT = 2048;
const BATCH = 512;
const FLUSH_AFTER_MS = 2000;
const SEND_MS = 5000;
const INTERNAL = 1;
const SERVER = 2;
const ERROR = 2;

/**
 * Sends spans as JSON over HTTP (OpenTelemetry Protocol 1.x, `POST /v1/traces`), a batch at a time. A collector that
 * is away or slow costs spans and nothing else.
 */
export function createOtlpTracer({
  endpoint,
  version,
  onFailure,
  flushAfterMs = FLUSH_AFTER_MS,
}: OtlpOptions): Tracer {
  const url = `${endpoint.replace(/\/+$/, '')}/v1/traces`;
  const resource = {
    attributes: attributesOf({ 'service.name': 'knowledge-assistant', 'service.version': version }),
  };
  const current = new AsyncLocalStorage<Context>();
  let kept: OtlpSpan[] = [];
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> = Promise.resolve();
  let failing = false;

  const keep = (span: OtlpSpan) => {
    if (kept.length >= MOST_KEPT) return;
    kept.push(span);
    if (kept.length === BATCH) void flush();
    else timer ??= setTimeout(flush, flushAfterMs).unref();
  };

  async function send(spans: readonly OtlpSpan[]): Promise<void> {
    const body = JSON.stringify({
      resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'knowledge-assistant' }, spans }] }],
    });
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(SEND_MS),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`the collector answered ${response.status}`);
      failing = false;
    } catch (error) {
      if (!failing) onFailure(error);
      failing = true;
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    sending = sending.then(async () => {
      const spans = kept;
      kept = [];
      for (let from = 0; from < spans.length; from += BATCH) await send(spans.slice(from, from + BATCH));
    });
    return sending;
  }

  const begin = (parent: Context | undefined): Context => ({
    traceId: parent?.traceId ?? randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    sampled: parent?.sampled ?? true,
  });

  const end = (
    context: Context,
    parent: Context | undefined,
    begunMs: number,
    more: { name: string; kind: number; failed: boolean; attributes: SpanAttributes },
  ) => {
    if (!context.sampled) return;
    keep({
      traceId: context.traceId,
      spanId: context.spanId,
      ...(parent === undefined ? {} : { parentSpanId: parent.spanId }),
      name: more.name,
      kind: more.kind,
      startTimeUnixNano: unixNano(begunMs),
      endTimeUnixNano: unixNano(performance.now()),
      attributes: attributesOf(more.attributes),
      status: more.failed ? { code: ERROR } : {},
    });
  };

  return {
    async span(name, work, attributes = {}) {
      const parent = current.getStore();
      const context = begin(parent);
      const begunMs = performance.now();
      let failed = true;
      try {
        const result = await current.run(context, work);
        failed = false;
        return result;
      } finally {
        end(context, parent, begunMs, { name, kind: INTERNAL, failed, attributes });
      }
    },
    request(traceparent, work) {
      const parent = parentOf(traceparent);
      const context = begin(parent);
      const begunMs = performance.now();
      current.run(context, work);
      return {
        end: (name, failed, attributes) =>
          end(context, parent, begunMs, { name, kind: SERVER, failed, attributes }),
      };
    },
    flush,
    async close() {
      await flush();
    },
  };
}

/** `00-<trace>-<span>-<flags>`; of all zeros it is invalid. */
function parentOf(traceparent: string | undefined): Context | undefined {
  const found = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(?:-|$)/.exec(traceparent ?? '');
  const [, traceId, spanId, flags] = found ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId) || traceparent?.startsWith('ff')) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

const unixNano = (ms: number): string =>
  String(BigInt(Math.round((performance.timeOrigin + ms) * 1000)) * 1000n);

const attributesOf = (attributes: SpanAttributes) =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string'
        ? { stringValue: value }
        : Number.isInteger(value)
          ? { intValue: String(value) }
          : { doubleValue: value },
  }));
