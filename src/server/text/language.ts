import { scriptOf } from './scripts.ts';
import { FUNCTION_WORD_LANGUAGES, functionWords } from './stop-words.ts';

/** Enough for any language; the rest of a long document says the same. */
const SAMPLE = 6000;

/**
 * The main language of a text: by its script, and where several languages share one by function words,
 * letters and endings.
 * @param likely languages that win when the evidence is even: those of the documents asked.
 * @returns ISO 639-1, or `und` when nothing speaks for a language.
 */
export function detectLanguage(text: string, likely: readonly string[] = []): string {
  const sample =
    text.length <= SAMPLE
      ? text
      : text.slice(0, SAMPLE / 2) + text.slice(text.length / 2, text.length / 2 + SAMPLE / 2);
  const script = mainScript(sample);
  if (script === 'none') return 'und';
  return isShared(script) ? mostLikely(sample.normalize('NFC'), script, likely) : script;
}

/** Scripts of many languages; every other one stands for its language. */
type SharedScript = 'latin' | 'cyrillic' | 'arabic';
const isShared = (script: string): script is SharedScript => Object.hasOwn(SCRIPT_LANGUAGES, script);

/** Scripts that one language uses (almost) alone stand for it. */
const SINGLE: readonly (readonly [first: number, last: number, language: string])[] = [
  [0x0370, 0x03ff, 'el'],
  [0x0531, 0x058f, 'hy'],
  [0x0591, 0x05f4, 'he'],
  [0x0900, 0x097f, 'hi'],
  [0x0980, 0x09ff, 'bn'],
  [0x0a00, 0x0a7f, 'pa'],
  [0x0a80, 0x0aff, 'gu'],
  [0x0b80, 0x0bff, 'ta'],
  [0x0c00, 0x0c7f, 'te'],
  [0x0c80, 0x0cff, 'kn'],
  [0x0d00, 0x0d7f, 'ml'],
  [0x0d80, 0x0dff, 'si'],
  [0x0e00, 0x0e7f, 'th'],
  [0x0e80, 0x0eff, 'lo'],
  [0x1000, 0x109f, 'my'],
  [0x10a0, 0x10ff, 'ka'],
  [0x1200, 0x137f, 'am'],
  [0x1780, 0x17ff, 'km'],
  [0xac00, 0xd7a3, 'ko'],
  [0x3041, 0x30ff, 'ja'],
  [0x3400, 0x9fff, 'zh'],
];

/** A shared script, the one language of another script, or `none`. */
function mainScript(sample: string): string {
  const counts = new Map<string, number>();
  const count = (script: string, weight: number) => counts.set(script, (counts.get(script) ?? 0) + weight);
  for (let i = 0; i < sample.length; i++) {
    const unit = sample.charCodeAt(i);
    if (unit < 0x0250) {
      if ((unit | 32) >= 97 && (unit | 32) <= 122) count('latin', 1);
      else if (unit >= 0x00c0) count('latin', 1);
    } else if (unit >= 0x0400 && unit < 0x0530) count('cyrillic', 1);
    else if (unit >= 0x0620 && unit < 0x0700) count('arabic', 1);
    else if (unit >= 0x1e00 && unit < 0x1f00) count('latin', 1);
    else {
      // a Han character, a kana or a Hangul syllable weighs as much as two or three letters
      const single = SINGLE.find(([first, last]) => unit >= first && unit <= last);
      if (single !== undefined && !(unit === 0x30fb || unit === 0x30fc))
        count(single[2], unit >= 0x3041 ? 2.5 : 1);
    }
  }
  const kana = counts.get('ja') ?? 0;
  const han = counts.get('zh') ?? 0;
  // Japanese writes its grammar in kana; a Chinese text has some in names at most
  if (kana > 0) {
    counts.set(kana > (kana + han) * 0.1 ? 'ja' : 'zh', kana + han);
    counts.delete(kana > (kana + han) * 0.1 ? 'zh' : 'ja');
  }
  let best = 'none';
  let most = 0;
  for (const [script, weight] of counts) {
    if (weight > most) {
      best = script;
      most = weight;
    }
  }
  return best;
}

const SCRIPT_LANGUAGES: Record<SharedScript, readonly string[]> = {
  latin: FUNCTION_WORD_LANGUAGES.filter(
    (language) => scriptOf(functionWords(language).values().next().value as string) === 'latin',
  ),
  cyrillic: ['ru', 'uk', 'bg'],
  arabic: ['ar', 'fa'],
};

/** Letters and endings that few languages use, each with how much it says beside one function word. */
const MARKS: readonly (readonly [pattern: RegExp, weight: number, languages: readonly string[]])[] = [
  [/ß/gu, 1.5, ['de']],
  [/[äöü]/gu, 0.3, ['de', 'fi', 'sv', 'hu', 'tr']],
  [/ñ|[¿¡]/gu, 1, ['es']],
  [/[ãõ]/gu, 1, ['pt']],
  [/ç/gu, 0.4, ['fr', 'pt', 'tr', 'ca']],
  [/[èêëûîœ]/gu, 0.3, ['fr']],
  [/[ìòèàù](?!\p{L})/gu, 0.4, ['it']],
  [/l·l/gu, 1, ['ca']],
  [/[łśźżćńęą]/gu, 0.7, ['pl']],
  [/[řěůťď]/gu, 0.7, ['cs']],
  [/[őű]/gu, 1, ['hu']],
  [/[țșţăâî]/gu, 0.5, ['ro']],
  [/[şğı]/gu, 0.7, ['tr']],
  [/å/gu, 0.4, ['sv', 'da', 'no']],
  [/[æø]/gu, 0.5, ['da', 'no']],
  [/[ạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹơưđ]/gu, 0.5, ['vi']],
  [/\p{L}(?:ing|tion|ness|ly|ed|ght)(?!\p{L})/gu, 0.25, ['en']],
  [/\p{L}(?:ung|ungen|keit|heit|schaft|lich|isch|ische[nr]?)(?!\p{L})/gu, 0.5, ['de']],
  [/\p{L}(?:ción|ciones|dad)(?!\p{L})/gu, 0.5, ['es']],
  [/\p{L}(?:ção|ções|dade)(?!\p{L})/gu, 0.5, ['pt']],
  [/\p{L}(?:zione|zioni|mente)(?!\p{L})/gu, 0.3, ['it']],
  [/\p{L}(?:eur|eaux|aux|eux|ement)(?!\p{L})/gu, 0.3, ['fr']],
  [/\p{L}(?:ij|sch|heid|lijk)\p{L}*/gu, 0.15, ['nl']],
  [/\p{L}{3}(?:lar|ler|ları|leri|nda|nde)(?!\p{L})/gu, 0.3, ['tr']],
  [/\p{L}{3}(?:ssa|ssä|lla|llä|sta|stä|inen)(?!\p{L})/gu, 0.4, ['fi']],
  [/[іїєґ]/gu, 0.7, ['uk']],
  [/[ыэё]/gu, 0.5, ['ru']],
  [/ъ(?![еяюё])/gu, 0.5, ['bg']],
  [/[پچژگ]/gu, 0.7, ['fa']],
  [/[ةىأإ]/gu, 0.4, ['ar']],
];

/** A text of letters only in one script speaks for its most written language at least this much. */
const DEFAULTS: Partial<Record<SharedScript, string>> = { cyrillic: 'ru', arabic: 'ar' };

function mostLikely(sample: string, script: SharedScript, likely: readonly string[]): string {
  const lower = sample.toLowerCase().replaceAll('’', "'");
  const languages = SCRIPT_LANGUAGES[script];
  const scores = new Map<string, number>();
  const add = (language: string, weight: number) =>
    scores.set(language, (scores.get(language) ?? 0) + weight);
  for (const word of lower.match(/[\p{L}\p{M}]+(?:'[\p{L}\p{M}]+)?/gu) ?? []) {
    const holders = languages.filter((language) => functionWords(language).has(word));
    // a word of few languages says more; one letter says little
    for (const language of holders) add(language, (word.length === 1 ? 0.4 : 1) / Math.sqrt(holders.length));
  }
  for (const [pattern, weight, marked] of MARKS) {
    if (!marked.some((language) => languages.includes(language))) continue;
    const found = lower.match(pattern)?.length ?? 0;
    if (found > 0) for (const language of marked) add(language, found * weight);
  }
  const standard = DEFAULTS[script];
  if (standard !== undefined) add(standard, 0.3);
  for (const language of likely) if (languages.includes(language)) add(language, 0.2);
  let best = 'und';
  let most = 0;
  for (const [language, score] of scores) {
    if (score > most) {
      best = language;
      most = score;
    }
  }
  return best;
}
