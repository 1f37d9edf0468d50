import { expect, test } from 'vitest';
import type { Citation } from '../../contract/query.ts';
import { citationList, placeCitations } from './citation-list.ts';

const cite = (marker: number, start: number, supported = true): Citation => ({
  marker,
  documentId: `d${marker}`,
  chunkId: 'c',
  title: `Title ${marker}`,
  page: 1,
  start,
  end: start + 1,
  quote: 'q',
  supported,
});
const link = ({ documentId }: { documentId: string }) => `https://x/${documentId}`;

test('citations that share a marker go to its places in turn, the last one to all that follow', () => {
  const text = 'One [1]. Two [2]. Three [1]. Four [1]. None [3].';
  const placed = placeCitations(text, [cite(1, 10), cite(1, 20), cite(2, 30)]);
  expect(
    placed.map(({ start, end, citation }) => [text.slice(0, start), text.slice(start, end), citation.start]),
  ).toEqual([
    ['One ', '[1]', 10],
    ['One [1]. Two ', '[2]', 30],
    ['One [1]. Two [2]. Three ', '[1]', 20],
    ['One [1]. Two [2]. Three [1]. Four ', '[1]', 20],
  ]);
});

test('the list names each marker once, in order, and doubts what nothing supports', () => {
  const list = citationList([cite(2, 1, false), cite(1, 1, false), cite(1, 5)], link);
  expect(list).toBe(
    '\n\nSources:\n\n- [1] [Title 1, page 1](https://x/d1)\n- [2] [Title 2, page 1](https://x/d2) (does not confirm the sentence)',
  );
  expect(citationList([], link)).toBe('');
});

test('a long title is cut between characters', () => {
  const title = '😀'.repeat(200);
  const list = citationList([{ ...cite(1, 0), title }], link);
  expect(list).toContain(`[${'😀'.repeat(120)}…, page 1]`);
});
