const isMac = /mac|iphone|ipad/i.test(navigator.platform);

/** How a shortcut is written on this machine: `mod+k` → `⌘K` or `Ctrl+K`. */
export function keysOf(shortcut: string): string {
  const parts = shortcut.split('+').map((part) => {
    if (part === 'mod') return isMac ? '⌘' : 'Ctrl';
    if (part === 'shift') return isMac ? '⇧' : 'Shift';
    return part.length === 1 ? part.toUpperCase() : part;
  });
  return parts.join(isMac ? '' : '+');
}

type Pressed = Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey'>;

/**
 * Whether the event is `mod` with these; by what the key writes, so that other keyboard layouts work. A sign may need
 * shift on some of them.
 */
export const isShortcut = (event: Pressed, key: string, shift = false): boolean =>
  (isMac ? event.metaKey : event.ctrlKey) &&
  !event.altKey &&
  (event.shiftKey === shift || !/\p{Letter}/u.test(key)) &&
  event.key.toLowerCase() === key;
