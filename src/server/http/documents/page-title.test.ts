import { expect, test } from 'vitest';
import { pageTitle } from './page-title.ts';

test.each([
  ['<html><head><title>Hello &amp; welcome</title>', 'Hello & welcome'],
  ['<TITLE>\n  Two\n  lines </TITLE><title>second</title>', 'Two lines'],
  ['<title></title><svg><title>icon</title></svg>', undefined],
  ['<title>cut off', 'cut off'],
  ['<p>no title</p>', undefined],
  ['<!-- <title>no</title> --><title>yes</title>', 'yes'],
  [`<title>${'x'.repeat(600)}</title>`, 'x'.repeat(500)],
  ['', undefined],
])('the title of %j is %j', (html, title) => {
  expect(pageTitle(Buffer.from(html), undefined)).toBe(title);
});

test('a title is read in the character set that the server names', () => {
  const bytes = Buffer.from('<title>Caf\xe9</title>', 'latin1');
  expect(pageTitle(bytes, 'iso-8859-1')).toBe('Café');
  expect(pageTitle(Buffer.from('<title>Café</title>'), 'no-such-charset')).toBe('Café');
});
