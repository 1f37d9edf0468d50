const MAX_LENGTH = 200;
/** Longer runs of digits are no numbers that anybody counts by. */
const MAX_DIGITS = 40;

/** Letters that Unicode does not take apart, by how people look them up (CLDR, Latin-ASCII). */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  ł: 'l',
  þ: 'th',
  ı: 'i',
};

/**
 * What titles are put in order by, compared unit by unit: letters without case and accents, numbers by their
 * value. Kept in a column beside the title, so that an index gives the order; Intl.Collator's own keys are
 * not to be had in JavaScript.
 *
 * @returns at most 200 UTF-16 units; different titles may have the same.
 */
export const titleKey = (title: string): string =>
  title
    .slice(0, 2 * MAX_LENGTH)
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[ßæœøđðłþı]/g, (letter) => LETTERS[letter] as string)
    .replace(/\d+/g, byValue)
    .replace(/\s+/g, ' ')
    .trim()
    .normalize('NFC')
    .slice(0, MAX_LENGTH)
    .toWellFormed();

/** A number with more digits is the larger one: their count stands in front. */
function byValue(digits: string): string {
  const number = digits.replace(/^0+(?=\d)/, '');
  return String.fromCharCode(0x30 + Math.min(number.length, MAX_DIGITS)) + number;
}

/** A title as the columns of `documents`. */
export const titled = (title: string): { title: string; title_key: string } => ({
  title,
  title_key: titleKey(title),
});
