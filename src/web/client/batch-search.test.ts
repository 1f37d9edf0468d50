import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Search, search } from './batch-search.ts';

const sent: Search[][] = [];
let signals: (AbortSignal | null | undefined)[] = [];
let fail: Response | Promise<Response> | undefined;

beforeEach(() => {
  sent.length = 0;
  signals = [];
  fail = undefined;
  vi.useFakeTimers();
  vi.stubGlobal('fetch', async (_url: string, init: RequestInit) => {
    const { searches } = JSON.parse(init.body as string) as { searches: Search[] };
    sent.push(searches);
    signals.push(init.signal);
    if (fail !== undefined) return fail;
    return Response.json({
      results: searches.map(({ query }) =>
        query === 'bad'
          ? { type: 'urn:ka:error:validation', title: 'No', status: 400, detail: 'no' }
          : { hits: [query] },
      ),
    });
  });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it('sends the searches of 10 ms together, equal ones once, and gives each caller its own result', async () => {
  const all = Promise.all([search({ query: 'a' }), search({ query: 'b' }), search({ query: 'a' })]);
  await vi.advanceTimersByTimeAsync(9);
  expect(sent).toHaveLength(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(await all).toEqual([{ hits: ['a'] }, { hits: ['b'] }, { hits: ['a'] }]);
  expect(sent).toEqual([[{ query: 'a' }, { query: 'b' }]]);
});

it('does not push the window back with every new search', async () => {
  const results = [search({ query: 'a' })];
  await vi.advanceTimersByTimeAsync(8);
  results.push(search({ query: 'b' }));
  await vi.advanceTimersByTimeAsync(2);
  expect(sent).toEqual([[{ query: 'a' }, { query: 'b' }]]);
  await Promise.all(results);
});

it('goes at once with twenty', async () => {
  const all = Promise.all(Array.from({ length: 21 }, (_, i) => search({ query: `q${i}` })));
  expect(sent.map(({ length }) => length)).toEqual([20]);
  await vi.advanceTimersByTimeAsync(10);
  expect(sent.map(({ length }) => length)).toEqual([20, 1]);
  await all;
});

it('lets one bad search fail alone', async () => {
  const good = search({ query: 'good' });
  const bad = expect(search({ query: 'bad' })).rejects.toMatchObject({ status: 400 });
  await vi.advanceTimersByTimeAsync(10);
  await bad;
  await expect(good).resolves.toEqual({ hits: ['good'] });
});

it('leaves out whom nobody waits for any more', async () => {
  const stop = new AbortController();
  const left = expect(search({ query: 'a' }, stop.signal)).rejects.toThrow(/abort/i);
  const stays = search({ query: 'b' });
  stop.abort();
  await left;
  await vi.advanceTimersByTimeAsync(10);
  await stays;
  expect(sent).toEqual([[{ query: 'b' }]]);
});

it('gives the request up when all have left', async () => {
  fail = new Promise(() => {});
  const stop = new AbortController();
  const left = expect(search({ query: 'a' }, stop.signal)).rejects.toThrow(/abort/i);
  await vi.advanceTimersByTimeAsync(10);
  stop.abort();
  await left;
  expect(signals[0]?.aborted).toBe(true);
});

it('fails all when the request fails', async () => {
  fail = Response.json({ type: 'x', title: 'No', status: 400, detail: '' }, { status: 400 });
  const both = [search({ query: 'a' }), search({ query: 'b' })].map((each) =>
    expect(each).rejects.toMatchObject({ status: 400 }),
  );
  await vi.advanceTimersByTimeAsync(10);
  await Promise.all(both);
});
