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

/** Whether the event is `mod` with these; by the letter, so that other keyboard layouts work. */
export const isShortcut = (event: KeyboardEvent, key: string, shift = false): boolean =>
  (isMac ? event.metaKey : event.ctrlKey) &&
  !event.altKey &&
  event.shiftKey === shift &&
  event.key.toLowerCase() === key;
