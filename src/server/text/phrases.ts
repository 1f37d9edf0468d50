import { normaliseWord, withoutDiacritics } from './normalise-word.ts';
import { splitWords } from './split-words.ts';

const QUOTED = /"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|「([^「」]+)」|『([^『』]+)』/gu;

/** What stands between quotation marks in a question and holds at least one word, without the marks. */
export function quotedPhrases(query: string): string[] {
  const phrases: string[] = [];
  for (const match of query.matchAll(QUOTED)) {
    const phrase = (match.slice(1).find((group) => group !== undefined) as string).trim();
    if (wordSequence(phrase).length > 0) phrases.push(phrase);
  }
  return phrases;
}

/** Whether `text` holds the phrase's words one after the other, whatever the case, diacritics and punctuation. */
export function holdsPhrase(text: string, phrase: string): boolean {
  const wanted = wordSequence(phrase);
  return wanted.length > 0 && ` ${wordSequence(text).join(' ')} `.includes(` ${wanted.join(' ')} `);
}

/** Words in order; scripts without spaces give one word a character, so that a phrase may begin anywhere. */
function wordSequence(text: string): string[] {
  const words: string[] = [];
  splitWords(text, (start, end, kind) => {
    const word = withoutDiacritics(normaliseWord(text.slice(start, end), 'und'), 'und');
    if (kind === 'dense') words.push(...word);
    else words.push(word);
  });
  return words;
}
