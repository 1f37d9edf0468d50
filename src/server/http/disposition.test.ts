import { expect, test } from 'vitest';
import { attachment } from './disposition.ts';

test.each([
  ['report.pdf', `attachment; filename="report.pdf"; filename*=UTF-8''report.pdf`],
  [
    'Übersicht 2024.pdf',
    `attachment; filename="_bersicht 2024.pdf"; filename*=UTF-8''%C3%9Cbersicht%202024.pdf`,
  ],
  ['a"b\\c%41.txt', `attachment; filename="a_b_c_41.txt"; filename*=UTF-8''a%22b%5Cc%2541.txt`],
  ["it's (1)*.md", `attachment; filename="it's (1)*.md"; filename*=UTF-8''it%27s%20%281%29%2A.md`],
  ['😀.md', `attachment; filename="_.md"; filename*=UTF-8''%F0%9F%98%80.md`],
])('the name %s becomes a header that old and new clients read', (name, header) => {
  expect(attachment(name)).toBe(header);
});

test('no name can break out of the header', () => {
  for (const name of ['a\r\nset-cookie: x=1', 'a\0b', '\ud800', '"; filename=evil']) {
    const header = attachment(name);
    expect(header).toMatch(/^[\x20-\x7e]+$/);
    expect(header.match(/"/g)).toHaveLength(2);
  }
});
