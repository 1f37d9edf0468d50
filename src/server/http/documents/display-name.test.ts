import { expect, test } from 'vitest';
import { displayName } from './display-name.ts';

test.each([
  ['report.pdf', 'report.pdf'],
  ['../../../../etc/passwd', 'passwd'],
  ['C:\\Users\\me\\notes.txt', 'notes.txt'],
  ['a/b/c.md', 'c.md'],
  ['file.txt\0.pdf', 'file.txt .pdf'],
  ['evil\r\nset-cookie: a=b.txt', 'evil set-cookie: a=b.txt'],
  ['\u202efdp.exe', 'fdp.exe'],
  ['  spaced   out .txt  ', 'spaced out .txt'],
  ['.env', '.env'],
  ['-rf', '-rf'],
  ['', 'document'],
  ['..', 'document'],
  ['dir/', 'document'],
  ['\u200b', 'document'],
  ['e\u0301.txt', 'é.txt'],
  ['\ud800x.txt', '\ufffdx.txt'],
  ['👨‍👩‍👧.md', '👨‍👩‍👧.md'],
])('%j is shown as %j', (name, shown) => {
  expect(displayName(name)).toBe(shown);
});

test('a name of four thousand characters is cut and keeps its extension', () => {
  const shown = displayName(`${'名'.repeat(4000)}.docx`);
  expect(shown).toHaveLength(200);
  expect(shown.endsWith('名.docx')).toBe(true);
});

test('a cut never leaves half a character', () => {
  for (const lead of ['', 'a'])
    expect(displayName(`${lead}${'😀'.repeat(300)}.md`).isWellFormed()).toBe(true);
});
