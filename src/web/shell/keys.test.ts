import { expect, test, vi } from 'vitest';

vi.stubGlobal('navigator', { platform: 'Linux x86_64' });
const { isShortcut, keysOf } = await import('./keys.ts');

const pressed = { altKey: false, ctrlKey: true, metaKey: false, shiftKey: false };

test('a shortcut is written as the keys of the machine are named', () => {
  expect(keysOf('mod+shift+o')).toBe('Ctrl+Shift+O');
  expect(keysOf('Enter')).toBe('Enter');
});

test('a letter is a shortcut with exactly its modifiers', () => {
  expect(isShortcut({ ...pressed, key: 'k' }, 'k')).toBe(true);
  expect(isShortcut({ ...pressed, key: 'K', shiftKey: true }, 'k')).toBe(false);
  expect(isShortcut({ ...pressed, key: 'O', shiftKey: true }, 'o', true)).toBe(true);
  expect(isShortcut({ ...pressed, key: 'k', altKey: true }, 'k')).toBe(false);
  expect(isShortcut({ ...pressed, key: 'k', ctrlKey: false }, 'k')).toBe(false);
});

test('a sign counts wherever the layout has it', () => {
  expect(isShortcut({ ...pressed, key: '/', shiftKey: true }, '/')).toBe(true);
});
