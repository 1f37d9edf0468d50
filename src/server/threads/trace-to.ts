import { startTracing } from '../tracing.ts';
import { version } from '../version.ts';

/**
 * Sends this thread's spans to a collector; without an `endpoint` it loads and does nothing.
 *
 * @returns what sends the last ones and ends it.
 */
export async function traceTo(
  endpoint: string | undefined,
  onFailure: (error: unknown) => void,
): Promise<() => Promise<void>> {
  if (endpoint === undefined) return async () => {};
  const { createOtlpTracer } = await import('../drivers/tracer/otlp.ts');
  return startTracing(createOtlpTracer({ endpoint, version, onFailure }));
}
