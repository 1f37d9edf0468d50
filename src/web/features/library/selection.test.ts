import { expect, test } from 'vitest';
import { NOTHING_SELECTED, only, toggle } from './selection.ts';

const shown = ['a', 'b', 'c', 'd', 'e'];
const idsOf = ({ ids }: { ids: ReadonlySet<string> }) => [...ids].sort().join('');

test('a press switches one document', () => {
  const one = toggle(NOTHING_SELECTED, 'b', shown, false);
  expect(idsOf(one)).toBe('b');
  expect(idsOf(toggle(one, 'b', shown, false))).toBe('');
});

test('with Shift all between the last press and this one follow, in both directions', () => {
  const from = toggle(NOTHING_SELECTED, 'b', shown, false);
  expect(idsOf(toggle(from, 'd', shown, true))).toBe('bcd');
  expect(idsOf(toggle(from, 'a', shown, true))).toBe('ab');
});

test('a range can also be taken out', () => {
  const all = { ids: new Set(shown), anchor: 'e' };
  expect(idsOf(toggle(all, 'c', shown, true))).toBe('ab');
});

test('without a place to begin, a range is one document', () => {
  expect(idsOf(toggle(NOTHING_SELECTED, 'c', shown, true))).toBe('c');
  expect(idsOf(toggle({ ids: new Set(), anchor: 'gone' }, 'c', shown, true))).toBe('c');
});

test('what is gone is no longer selected', () => {
  const some = { ids: new Set(['a', 'b']), anchor: 'b' };
  expect(idsOf(only(some, (id) => id !== 'b'))).toBe('a');
  expect(only(some, () => true)).toBe(some);
});
