import type { FastifyRequest } from 'fastify';

/** Adds a stage to the answer's `server-timing`. @param name a token, for example `embed`. */
export function noteStage(request: FastifyRequest, name: string, ms: number): void {
  request.stages ??= [];
  request.stages.push({ name, ms });
}

/** The header's value: the stages noted and the whole time so far. */
export function serverTiming(stages: FastifyRequest['stages'], totalMs: number): string {
  const total = `total;dur=${round(totalMs)}`;
  return stages === undefined
    ? total
    : `${stages.map(({ name, ms }) => `${name};dur=${round(ms)}`).join(', ')}, ${total}`;
}

const round = (ms: number) => Math.round(ms * 100) / 100;
