import { isUtf8 } from 'node:buffer';

/**
 * The text of a file in whatever encoding it has: a byte order mark decides, then UTF-8 by its strict form,
 * UTF-16 by where its zero bytes stand, and only then a guess by letter frequencies. A few stray bytes do
 * not make a UTF-8 file something else: they become U+FFFD.
 */
export async function decodeText(bytes: Buffer): Promise<string> {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return bytes.toString('utf8', 3);
  const wide = wideEncoding(bytes);
  if (wide !== undefined) return new TextDecoder(wide).decode(bytes);
  if (isUtf8(bytes)) return bytes.toString('utf8');
  if (nearlyUtf8(bytes)) return bytes.toString('utf8');
  const [{ analyse }, { default: iconv }] = await Promise.all([import('chardet'), import('iconv-lite')]);
  const sample = bytes.subarray(0, 256 * 1024);
  const guesses = new Map<string, number>(
    analyse(sample)
      .filter(({ name }) => name !== 'UTF-8' && name !== 'ASCII' && iconv.encodingExists(name))
      .map(({ name, confidence }) => [name, confidence]),
  );
  const [first] = guesses;
  if (first !== undefined && first[1] >= SURE) return iconv.decode(bytes, first[0]);
  // letter frequencies say little about short texts: see which reading looks like words
  let best = 'windows-1252';
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const encoding of new Set([...guesses.keys(), ...SINGLE_BYTE])) {
    const score =
      wordliness(iconv.decode(sample.subarray(0, 16_384), encoding)) + (guesses.get(encoding) ?? 0) / 200;
    if (score > bestScore) [best, bestScore] = [encoding, score];
  }
  return iconv.decode(bytes, best);
}

/** A guess of this confidence (of 100) was right for every sentence tried in 13 encodings; lower ones often were not. */
const SURE = 50;
const SINGLE_BYTE = [
  'windows-1252',
  'windows-1251',
  'koi8-r',
  'windows-1250',
  'windows-1253',
  'windows-1254',
];

/**
 * Share of the characters beyond ASCII that look right: letters of words in one script whose capitals stand
 * where capitals stand, and the punctuation of print.
 */
function wordliness(text: string): number {
  let good = 0;
  let all = 0;
  for (const [word] of text.matchAll(/[\p{L}\p{M}]+|[^\p{L}\p{M}\0-\x7f]/gu)) {
    const foreign = word.replace(/[\0-\x7f]/g, '').length;
    all += foreign;
    if (foreign > 0 && (PRINTED.test(word) || (ONE_SCRIPT.test(word) && CASED.test(word)))) good += foreign;
  }
  return all === 0 ? 0 : good / all;
}
const PRINTED = /^[\u00a0§©«»°·№€–—‘’‚“”„…•、。「」]$/;
// halfwidth katakana are what Cyrillic bytes look like to Japanese encodings
const ONE_SCRIPT =
  /^(?:\p{Script=Latin}+|\p{Script=Cyrillic}+|\p{Script=Greek}+|\p{Script=Hebrew}+|[\p{Script=Arabic}\p{M}]+|[\p{Script=Han}\u3041-\u30ff]+|\p{Script=Hangul}+|\p{Script=Thai}+)$/u;
const CASED = /^(?:\p{Lu}?[\p{Ll}\p{Lo}\p{M}\u30fc]*|\p{Lu}+)$/u;

/** UTF-16 and UTF-32, marked or not. */
export function wideEncoding(bytes: Buffer): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const length = Math.min(bytes.length, 4096) & ~1;
  if (length < 16) return undefined;
  let even = 0;
  let odd = 0;
  for (let i = 0; i < length; i += 2) {
    if (bytes[i] === 0) even++;
    if (bytes[i + 1] === 0) odd++;
  }
  const pairs = length / 2;
  if (odd > pairs * 0.6 && even < pairs * 0.05) return 'utf-16le';
  if (even > pairs * 0.6 && odd < pairs * 0.05) return 'utf-16be';
  return undefined;
}

/** Real UTF-8 sequences outnumber the bytes that fit in none by four to one. */
function nearlyUtf8(bytes: Buffer): boolean {
  const sample = bytes.subarray(0, 1024 * 1024);
  const text = sample.toString('utf8');
  let faults = 0;
  let sequences = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0xfffd) faults++;
    else if (code > 0x7f) sequences++;
  }
  return faults <= sequences / 4;
}
