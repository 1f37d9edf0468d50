export interface Phrase {
  readonly text: string;
  readonly match: string;
  readonly optional?: boolean;
}

/** Two readings of a text: strict punishes glued and split words, loose compares letters and digits only. */
export interface Readings {
  readonly strict: string;
  readonly loose: string;
}

export const readings = (text: string): Readings => ({ strict: strict(text), loose: loose(text) });

/** Whether a text has the phrase, and whether it would without spaces and marks. */
export function finds(
  text: Readings,
  phrase: Phrase,
): { readonly found: boolean; readonly loosely: boolean } {
  const loosely = text.loose.includes(loose(phrase.text));
  return { found: phrase.match === 'loose' ? loosely : text.strict.includes(strict(phrase.text)), loosely };
}

const strict = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[\u00ad\u200b\ufeff]/g, '')
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u201c\u201d]/g, '"')
    .replace(/[\u2010-\u2014\u2212]/g, '-')
    .replace(/([\p{L}\p{N}_])-\s*\n\s*([\p{L}\p{N}_])/gu, '$1$2')
    .replace(/[*_`#|\\~>]/g, ' ')
    .replace(/\s+/g, ' ')
    .toLowerCase()
    .trim();

const loose = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
