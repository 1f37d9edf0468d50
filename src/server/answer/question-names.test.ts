import { expect, test } from 'vitest';
import { namesIn } from './question-names.ts';

test('words with a capital are names, but for the one that begins', () => {
  expect(namesIn('When did Ada Lovelace meet Charles Babbage?')).toEqual([
    'Ada',
    'Lovelace',
    'Charles',
    'Babbage',
  ]);
  expect(namesIn('Where is it? Near Oslo?')).toEqual(['Oslo']);
  expect(namesIn('Где родился Пушкин?')).toEqual(['Пушкин']);
});

test('numbers are names wherever they stand', () => {
  expect(namesIn('1902 burned what, and who rebuilt wing 3B by 1,904?')).toEqual(['1902', '3B', '1,904']);
  expect(namesIn('霧ヶ沢の時計塔は1928年に誰が建てたか。')).toContainEqual(expect.stringContaining('1928'));
});

test('capitals throughout name nothing', () => {
  expect(namesIn('WHO BUILT THE TOWER OF VELDRAN?')).toEqual([]);
  expect(namesIn('who built the tower of veldran?')).toEqual([]);
});
