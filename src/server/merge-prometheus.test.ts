import { expect, test } from 'vitest';
import { mergePrometheus } from './merge-prometheus.ts';

const HEAD = ['# HELP ka_jobs Jobs by state', '# TYPE ka_jobs gauge'];

test('samples of all processes stand under one description, each with whose it is', () => {
  const texts = new Map([
    [
      '1',
      `${[...HEAD, 'ka_jobs{state="queued"} 2', '# HELP ka_up Up', '# TYPE ka_up gauge', 'ka_up 1'].join('\n')}\n`,
    ],
    ['2', `${[...HEAD, 'ka_jobs{state="queued"} 3'].join('\n')}\n`],
    ['3', ''],
  ]);
  expect(mergePrometheus(texts, 'worker').trimEnd().split('\n')).toEqual([
    ...HEAD,
    'ka_jobs{worker="1",state="queued"} 2',
    'ka_jobs{worker="2",state="queued"} 3',
    '# HELP ka_up Up',
    '# TYPE ka_up gauge',
    'ka_up{worker="1"} 1',
  ]);
});
