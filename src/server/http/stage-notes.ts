import type { FastifyRequest } from 'fastify';
import type { Timings } from '../../contract/search.ts';
import type { Metrics } from '../metrics.ts';

const STAGES = [
  ['embed', 'embedMs'],
  ['vector', 'vectorMs'],
  ['keyword', 'keywordMs'],
  ['rerank', 'rerankMs'],
  ['generate', 'generateMs'],
] as const satisfies readonly [string, keyof Timings][];

/** Notes the stages of a search or answer, in `server-timing` and for the operators; one from a cache had none. */
export function createStageNotes(
  metrics: Metrics,
): (request: FastifyRequest, result: { cached: boolean; timings: Timings }) => void {
  const stages = STAGES.map(([name, timing]) => ({ name, timing, series: metrics.stage(name) }));
  return (request, { cached, timings }) => {
    if (cached) return;
    const noted = request.stages ?? [];
    for (const { name, timing, series } of stages) {
      const ms = timings[timing];
      if (ms === 0) continue;
      series.record(ms);
      noted.push({ name, ms });
    }
    request.stages = noted;
  };
}
