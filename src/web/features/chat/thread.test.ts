import { expect, test } from 'vitest';
import type { Message } from '../../../contract/conversations.ts';
import type { Exchange } from './exchanges.ts';
import { threadOf } from './thread.ts';

const message = (id: string, role: Message['role'], content: string): Message => ({
  id,
  role,
  content,
  answered: null,
  citations: [],
  sources: [],
  model: null,
  feedback: null,
  createdAt: '2026-01-01T00:00:00.000Z',
});
const asked = (
  key: string,
  question: string,
  after: string | null,
  status: Exchange['status'] = 'writing',
): Exchange => ({
  key,
  question,
  after,
  status,
  scope: { kind: 'everything' },
  text: '',
  sources: [],
  citations: [],
});
const kept = [
  message('q1', 'user', 'one'),
  message('a1', 'assistant', 'first'),
  message('q2', 'user', 'two'),
  message('a2', 'assistant', 'second'),
];
const keys = (messages: Message[], exchanges: Exchange[]) =>
  threadOf(messages, exchanges).map(
    ({ key, question, answer }) => `${key}:${question?.id ?? '-'}:${answer?.id ?? '-'}`,
  );

test('what the server kept comes in pairs', () => {
  expect(keys(kept, [])).toEqual(['q1:q1:a1', 'q2:q2:a2']);
});

test('what is being asked stands at the end', () => {
  expect(keys(kept, [asked('x', 'three', 'a2')])).toEqual(['q1:q1:a1', 'q2:q2:a2', 'x:-:-']);
  expect(keys([], [asked('x', 'one', null)])).toEqual(['x:-:-']);
});

test('once the server has kept it, it is one turn under the key that it had', () => {
  expect(keys(kept, [asked('x', 'two', 'a1', 'done')])).toEqual(['q1:q1:a1', 'x:q2:a2']);
});

test('a stopped question that was not kept stays where it was asked', () => {
  expect(keys(kept, [asked('x', 'never mind', 'a1', 'stopped')])).toEqual(['q1:q1:a1', 'x:-:-', 'q2:q2:a2']);
});

test('the same question again after a stop is told apart', () => {
  const stopped = asked('x', 'three', 'a2', 'stopped');
  const again = asked('y', 'three', 'a2');
  expect(keys(kept, [stopped, again])).toEqual(['q1:q1:a1', 'q2:q2:a2', 'x:-:-', 'y:-:-']);
});

test('what followed a message that is gone is not lost', () => {
  expect(keys([], [asked('x', 'three', 'a2')])).toEqual(['x:-:-']);
});

test('an answer without its question and a question without its answer are shown', () => {
  expect(keys([message('a0', 'assistant', 'hello'), message('q1', 'user', 'one')], [])).toEqual([
    'a0:-:a0',
    'q1:q1:-',
  ]);
});
