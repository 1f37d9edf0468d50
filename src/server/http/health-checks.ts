import type { DetailedHealth } from '../../contract/system.ts';
import type { CheckName, HealthSources, Probe } from './services.ts';

const PROBE_MS = 3000;
/** Without these nothing can be served; the others only make answers poorer. */
const ESSENTIAL: readonly CheckName[] = ['database', 'storage', 'queue'];

type Checks = DetailedHealth['checks'];

/** Asks all dependencies at once; one that is silent for three seconds counts as failed. */
export async function checkHealth(
  probes: HealthSources['probes'],
  probeMs = PROBE_MS,
): Promise<Pick<DetailedHealth, 'status' | 'checks'>> {
  const names = Object.keys(probes) as CheckName[];
  const results = await Promise.all(
    names.map(async (name) => [name, await ask(probes[name], probeMs)] as const),
  );
  const failed = results.filter(([, { status }]) => status === 'unhealthy').map(([name]) => name);
  const status = failed.some((name) => ESSENTIAL.includes(name))
    ? 'unhealthy'
    : results.every(([, check]) => check.status === 'healthy')
      ? 'healthy'
      : 'degraded';
  return { status, checks: Object.fromEntries(results) as Checks };
}

async function ask(probe: Probe, probeMs: number): Promise<Checks[CheckName]> {
  const startedMs = performance.now();
  const signal = AbortSignal.timeout(probeMs);
  const silence = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`no answer within ${probeMs} ms`)), {
      once: true,
    });
  });
  const tookMs = () => Math.round((performance.now() - startedMs) * 100) / 100;
  try {
    const { status = 'healthy', detail } = (await Promise.race([probe(signal), silence])) ?? {};
    return { status, responseTimeMs: tookMs(), ...(detail === undefined ? {} : { detail }) };
  } catch (error) {
    // operators read this, and the loopback: still no paths and no SQL
    const detail =
      error instanceof Error && error.message.startsWith('no answer') ? error.message : 'does not answer';
    return { status: 'unhealthy', responseTimeMs: tookMs(), detail };
  }
}
