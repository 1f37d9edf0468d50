const MAX_LENGTH = 200;
/** Longer endings are not extensions that any parser knows. */
const MAX_EXTENSION = 12;

// C0, C1 and the characters that reorder or hide what follows; joiners stay, since scripts and emoji need them
const HIDDEN = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/gu;

/**
 * The name that people see for a file that came under `name`, whatever a client sent: the last part of a path,
 * without control characters and bidirectional overrides, at most 200 UTF-16 units with the extension kept.
 * Names files for people only: stored files have keys of their own.
 */
export function displayName(name: string, fallback = 'document'): string {
  const last = name.toWellFormed().normalize('NFC').split(/[/\\]/).at(-1) ?? '';
  const clean = last.replace(HIDDEN, ' ').replace(/\s+/gu, ' ').trim();
  if (/^\.*$/.test(clean)) return fallback;
  if (clean.length <= MAX_LENGTH) return clean;
  const dot = clean.lastIndexOf('.');
  const extension = dot > 0 && clean.length - dot <= MAX_EXTENSION ? clean.slice(dot) : '';
  // a cut through a surrogate pair leaves half a character
  return clean.slice(0, MAX_LENGTH - extension.length).replace(/[\ud800-\udbff]$/, '') + extension;
}
