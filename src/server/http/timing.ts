import type { FastifyRequest } from 'fastify';

/** The header's value: the stages noted and the whole time so far. */
export function serverTiming(stages: FastifyRequest['stages'], totalMs: number): string {
  const total = `total;dur=${round(totalMs)}`;
  return stages === undefined
    ? total
    : `${stages.map(({ name, ms }) => `${name};dur=${round(ms)}`).join(', ')}, ${total}`;
}

const round = (ms: number) => Math.round(ms * 100) / 100;
