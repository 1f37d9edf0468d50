import { expect, onTestFinished, test } from 'vitest';
import { startThread } from './rpc.ts';

type EchoHandlers = { later: (text: string) => Promise<string> };

test('a thread takes so many calls at a time and refuses more, until some are answered', async () => {
  const thread = startThread<EchoHandlers>(new URL('../../../test/support/echo-thread.ts', import.meta.url), {
    name: 'echo',
    maxCalls: 3,
  });
  onTestFinished(() => thread.close());
  const gone = new AbortController();
  const asked = [
    thread.call('later', 'a'),
    thread.call('later', 'b'),
    thread.call('later', 'c', { signal: gone.signal }),
  ];
  await expect(thread.call('later', 'd')).rejects.toMatchObject({ code: 'OVERLOADED' });
  const left = expect(asked[2]).rejects.toMatchObject({ name: 'AbortError' });
  gone.abort();
  await left;
  asked.push(thread.call('later', 'e'));
  await expect(thread.call('later', 'f')).rejects.toMatchObject({ code: 'OVERLOADED' });
  expect(await Promise.all([asked[0], asked[1], asked[3]])).toEqual(['a', 'b', 'e']);
  expect(await thread.call('later', 'g')).toBe('g');
});
