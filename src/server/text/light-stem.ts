/**
 * Stemming by taking off the longest known ending, for languages that Snowball's package does not have.
 * Endings of nouns and adjectives and the most frequent ones of verbs, as in the light stemmers of Savoy
 * (2006) and, for Hindi, of Ramanathan and Rao (2003): they find less than full ones, and damage less.
 */
interface Endings {
  readonly endings: readonly (readonly string[])[];
  /** What must be left, in UTF-16 units. */
  readonly shortest: number;
}

const byLength = (list: string, shortest: number): Endings => {
  const words = [...new Set(list.split(/\s+/u).filter((word) => word !== ''))];
  const longest = Math.max(...words.map(({ length }) => length));
  const endings = Array.from({ length: longest }, (_, i) =>
    words.filter(({ length }) => length === longest - i),
  );
  return { endings, shortest };
};

/** As words are after `normaliseWord`; Greek without accents, Hindi without nukta and with one nasal sign. */
const ENDINGS: Record<string, Endings> = {
  bg: byLength('ията ият ите ищата ища овете ове ия ът ят та то те а я и о е ъ й у', 3),
  el: byLength(
    `ματων ματοσ ματα ονται ουνται εται αται ουμε ουν ηκαν ηκε ησαν ησε ει
     εων εωσ εισ ουσ ιουσ ιου ιων ιεσ ιασ ιοσ ιοι ιησ οσ ον ου ων οι εσ ασ ησ υσ ια ιο α η ο ε ι υ`,
    3,
  ),
  fa: byLength('هايي هاي ها ترين تر', 2),
  hi: byLength(
    `ाएंगी ाएंगे ाऊंगी ाऊंगा ाइयां ाइयों ाएगी ाएगा ाओगी ाओगे एंगी ेंगी एंगे ेंगे ूंगी ूंगा ातीं नाओं नाएं ताओं ताएं ियां ियों
     ाकर ाइए ाईं ाया ेगी ेगा ोगी ोगे ाने ाना ाते ाती ाता तीं ाओं ाएं ुओं ुएं ुआं कर ाओ िए ाई ाए ने नी ना ते ीं ती ता ां ों ें
     ो े ू ु ी ि ा`,
    2,
  ),
  pl: byLength(
    `owego owemu owych owymi owej owym owy owa owe ością ościach ości ość ami ach ego emu ymi imi ych ich iej iego
     ów om em ym im ie ią ię ej ą ę y i a e o u`,
    3,
  ),
  uk: byLength(
    `ностями ностей ності ністю ність ами ями ого ього ому ьому ими іми ові еві єві ій їй ою ею єю ах ях ів їв ам ям ом
     ем єм их іх їх им ім їм ої ий а я у ю о е є и і ї ь й`,
    3,
  ),
};

export const hasLightStemmer = (language: string): boolean => Object.hasOwn(ENDINGS, language);

/** @param word as `normaliseWord` gives it. */
export function lightStem(word: string, language: string): string {
  const { endings, shortest } = ENDINGS[language] as Endings;
  const plain = withoutSigns(word, language);
  for (const group of endings) {
    const length = group[0]?.length ?? 0;
    if (length === 0 || plain.length - length < shortest) continue;
    const ending = plain.slice(-length);
    if (group.includes(ending)) return plain.slice(0, -length);
  }
  return plain;
}

/** Greek moves its accent when it inflects; Hindi writes the same nasal and the same foreign sounds in two ways. */
function withoutSigns(word: string, language: string): string {
  if (language === 'el') return word.normalize('NFD').replace(/\p{M}/gu, '');
  if (language === 'hi') return word.replaceAll('\u0901', '\u0902').replaceAll('\u093c', '');
  return word;
}
