import { functionWords } from '../../src/server/text/stop-words.ts';

/** mulberry32: numbers in [0, 1), the same for the same seed. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const VOCABULARY = 200_000;
/**
 * Zipf and Mandelbrot: with this shift the most frequent content word stands in some 40 % of the chunks of
 * 170 words, as in real collections; without it in all of them.
 */
const SHIFT = 20;
const FUNCTION_WORD_SHARE = 0.4;
const FUNCTION_WORDS = [...functionWords('en')].filter((word) => /^[a-z]{2,}$/.test(word));
const SYLLABLES = [
  'ba',
  'ke',
  'li',
  'mo',
  'nu',
  'ra',
  'sen',
  'tor',
  'vi',
  'da',
  'pel',
  'gri',
  'hos',
  'fa',
  'zem',
  'cor',
];

/** A pronounceable word of its own for every rank. */
function contentWord(rank: number): string {
  let word = '';
  for (let rest = rank + 16; rest > 0; rest = Math.floor(rest / SYLLABLES.length)) {
    word += SYLLABLES[rest % SYLLABLES.length];
  }
  return word;
}

function contentRank(random: () => number): number {
  return Math.floor(SHIFT * ((VOCABULARY + SHIFT) / SHIFT) ** random()) - SHIFT;
}

/** Text whose words are distributed as those of natural English, function words included. */
export function makeText(random: () => number, wordCount: number): string {
  const words: string[] = [];
  while (words.length < wordCount) {
    words.push(
      random() < FUNCTION_WORD_SHARE
        ? (FUNCTION_WORDS[Math.floor(FUNCTION_WORDS.length * random() ** 2)] as string)
        : contentWord(contentRank(random)),
    );
  }
  return `${words.join(' ')}.`;
}

/** A question of three to nine content words, drawn like those of the texts, between function words. */
export function makeQuestion(random: () => number): string {
  const words = ['what', 'is', 'the'];
  for (let left = 3 + Math.floor(random() * 7); left > 0; left--)
    words.push(contentWord(contentRank(random)), 'of');
  return `${words.join(' ')} that?`;
}
