import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { createLog } from '../log.ts';
import { createRequestLog } from './request-log.ts';

function logged(level: 'info' | 'debug', slowMs: number | undefined) {
  const lines: Record<string, unknown>[] = [];
  const log = createRequestLog(
    createLog(level, (line) => void lines.push(JSON.parse(line))),
    slowMs,
  );
  return {
    lines,
    request(ms: number, { method = 'POST', type = 'application/json', stages = undefined as unknown } = {}) {
      log(
        { id: 'r1', method, routeOptions: { url: '/api/v1/query' }, stages } as FastifyRequest,
        { statusCode: 200, elapsedTime: ms, getHeader: () => type } as unknown as FastifyReply,
      );
    },
  };
}

test('a slow request is logged with its stages and without what was asked', () => {
  const { lines, request } = logged('info', 100);
  request(99.9);
  request(100, {
    stages: [
      { name: 'embed', ms: 4.04 },
      { name: 'vector', ms: 90 },
    ],
  });
  expect(lines).toEqual([
    {
      time: expect.any(String),
      level: 'warn',
      event: 'slow request',
      requestId: 'r1',
      method: 'POST',
      route: '/api/v1/query',
      status: 200,
      ms: 100,
      stages: { embedMs: 4, vectorMs: 90 },
    },
  ]);
});

test('a stream of events lasts as long as it is followed, an answer that streams does not', () => {
  const { lines, request } = logged('info', 100);
  request(60_000, { method: 'GET', type: 'text/event-stream; charset=utf-8' });
  expect(lines).toEqual([]);
  request(60_000, { type: 'text/event-stream; charset=utf-8' });
  expect(lines).toHaveLength(1);
});

test('without a threshold only debugging shows requests', () => {
  const quiet = logged('info', undefined);
  quiet.request(1e9);
  const debugging = logged('debug', undefined);
  debugging.request(1e9);
  expect([quiet.lines, debugging.lines.map(({ level, event }) => [level, event])]).toEqual([
    [],
    [['debug', 'request']],
  ]);
});
