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
  const names = analyse(sample)
    .filter((guess) => guess.name !== 'UTF-8' && iconv.encodingExists(guess.name))
    .map((guess) => guess.name);
  return iconv.decode(bytes, names[0] ?? 'windows-1252');
}

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

/** Real UTF-8 sequences outnumber the bytes that fit in none by ten to one, or the file is ASCII but for a few. */
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
  return faults <= sequences / 10;
}
