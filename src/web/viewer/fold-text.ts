/** What is left of a text when only its letters and digits count, and where each of them came from. */
export interface FoldedText {
  readonly letters: string;
  /** Where the character behind each code unit of `letters` starts in the source. */
  readonly starts: readonly number[];
  /** Where it ends, exclusive. */
  readonly ends: readonly number[];
}

const MARK = /^\p{M}$/u;
const known = new Map<string, string>();

/**
 * Two ways of reading the same print differ in spaces, hyphens at line ends, ligatures, accents that are composed or
 * not, and letters' presentation forms. Compatibility decomposition without its marks, in lower case, is what they
 * share.
 */
export function foldText(text: string): FoldedText {
  let letters = '';
  const starts: number[] = [];
  const ends: number[] = [];
  let at = 0;
  for (const character of text) {
    const end = at + character.length;
    const folded = foldCharacter(character);
    letters += folded;
    for (let i = 0; i < folded.length; i++) {
      starts.push(at);
      ends.push(end);
    }
    // a mark goes with the letter that it stands on
    if (folded === '' && ends.at(-1) === at && MARK.test(character)) ends[ends.length - 1] = end;
    at = end;
  }
  return { letters, starts, ends };
}

function foldCharacter(character: string): string {
  let folded = known.get(character);
  if (folded === undefined) {
    folded = character
      .normalize('NFKD')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]|\u0640/gu, '');
    known.set(character, folded);
  }
  return folded;
}
