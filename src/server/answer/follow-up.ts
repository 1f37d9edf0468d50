import { detectLanguage } from '../text/language.ts';
import { splitWords } from '../text/split-words.ts';
import { isFunctionWord } from '../text/word-terms.ts';
import { namesIn } from './question-names.ts';

/** Whether a question needs the ones before it to be understood. */
export type Dependence = 'standalone' | 'unsure' | 'dependent';

/**
 * Looks for pronouns without a name that they could mean, and for questions too short to say what they are about.
 * Where a language's pronouns are not known, only a long question or one with a name stands alone for sure.
 */
export function dependenceOf(question: string): Dependence {
  const language = detectLanguage(question);
  const named = namesIn(question).some((name) => /\p{L}/u.test(name));
  const content = contentWords(question, language).length;
  const pronouns = PRONOUNS[language];
  const refers = pronouns?.test(question) ?? false;
  const goesOn = GOES_ON.test(question);
  if (refers || goesOn) return named && content > 2 ? 'unsure' : 'dependent';
  if (content <= 1 && !named) return 'dependent';
  if (content <= 2 && !named) return 'unsure';
  return pronouns === undefined && !named && content < 5 ? 'unsure' : 'standalone';
}

/**
 * The question with what the previous one was about in the place of its pronoun, or behind it.
 * @param previous questions, the latest last.
 * @returns undefined when the conversation says nothing that could be meant.
 */
export function resolveByRules(question: string, previous: readonly string[]): string | undefined {
  const about = previous.findLast((each) => dependenceOf(each) !== 'dependent') ?? previous.at(-1);
  if (about === undefined) return undefined;
  const subject = subjectOf(about);
  if (subject === '' || question.toLowerCase().includes(subject.toLowerCase())) return undefined;
  const language = detectLanguage(question);
  const personal = PERSONAL[language];
  if (personal?.test(question)) return question.replace(personal, () => subject);
  return `${question.replace(/[\s?？؟.!]+$/u, '')} (${subject})?`;
}

/** The names that a question is about, with what leads up to them; without a name its content words. */
function subjectOf(question: string): string {
  const language = detectLanguage(question);
  const names = namesIn(question).filter((name) => /\p{L}/u.test(name));
  const first = names[0];
  const last = names.at(-1);
  if (first === undefined || last === undefined) return contentWords(question, language).join(' ');
  const from = question.indexOf(first);
  const to = question.lastIndexOf(last) + last.length;
  const lead = LEAD.exec(question.slice(0, from))?.[0] ?? '';
  return `${lead}${question.slice(from, Math.max(to, from + first.length))}`.trim();
}

/** "the lighthouse of " before a name. */
const LEAD =
  /(?:\b(?:the|a|an|der|die|das|den|dem|des|le|la|les|el|los|las|il|lo|gli|het|de)\s+)?(?:[\p{Ll}-]+\s+){1,2}(?:of|von|vom|der|des|de|du|della|del|do|da|van)\s+(?:the\s+|la\s+|el\s+)?$|\b(?:the|der|die|das|le|la|les|el)\s+$/u;

function contentWords(text: string, language: string): string[] {
  const words: string[] = [];
  splitWords(text, (start, end, kind) => {
    const word = text.slice(start, end);
    if (kind === 'dense') words.push(...denseWords(word));
    else if (!isFunctionWord(word, language)) words.push(word);
  });
  return words;
}

const segmenter = new Intl.Segmenter('zh', { granularity: 'word' });
const denseWords = (run: string): string[] =>
  [...segmenter.segment(run)].map(({ segment }) => segment).filter((word) => word.length > 1);

const alone = (words: string): RegExp =>
  new RegExp(`(?<![\\p{L}\\p{N}'’])(?:${words})(?![\\p{L}\\p{N}])`, 'iu');

/** What points back at something said before. */
const PRONOUNS: Readonly<Record<string, RegExp>> = {
  en: alone(
    'it|its|they|them|their|theirs|he|him|his|she|her|hers|this|these|those|the former|the latter|that(?= (?:is|was|means?|one))|that(?=\\s*[?.!]*$)',
  ),
  de: alone(
    'er|sie|es|ihn|ihm|ihr|ihre[rmns]?|sein|seine[rmns]?|dessen|deren|dies|diese[rmns]?|dort|davon|damit|dazu|dafür|darin|daran',
  ),
  fr: alone('il|elle|ils|elles|lui|leur|leurs|son|sa|ses|celui-ci|celle-ci|ceux-ci|cela|ça|y'),
  es: alone('él|ella|ello|ellos|ellas|su|sus|lo|le|les|eso|esto|ese|esa|este|esta|allí'),
  it: alone('lui|lei|loro|esso|essa|suo|sua|suoi|sue|questo|questa|quello|quella|ciò|ci|lì'),
  pt: alone('ele|ela|eles|elas|seu|sua|seus|suas|isso|isto|esse|essa|este|esta|lá'),
  nl: alone('hij|hem|zij|ze|haar|zijn|hun|het|dit|dat|deze|die|daar|er'),
  ru: alone('он|она|оно|они|его|её|ее|их|ему|ей|им|это|этот|эта|эти|там|том'),
  zh: /[它他她]们?|这|那|其/u,
  ja: /それ|これ|あれ|その|この|彼女?|そこ/u,
};

/** Pronouns that a name can stand for without breaking the sentence. */
const PERSONAL: Readonly<Record<string, RegExp>> = {
  en: alone('it|they|them|he|him|she'),
  de: alone('er|sie|es|ihn|ihm'),
  ru: alone('он|она|оно|они'),
  zh: /[它他她]们?/u,
  ja: /それ|彼女?/u,
};

const GOES_ON =
  /^\s*(?:and|but|or|so|also|what about|how about|what else|why not|und|aber|oder|was ist mit|wie ist es mit|et|mais|et pour|y|pero|qué hay de|e|ma|mas|en|maar|а|и|но)\s/iu;
