/** Names of encodings as iconv-lite knows them. */

/** `\fcharset` of a font (RTF 1.9, font table); 0 is "ANSI", which means the document's own code page. */
const CHARSETS: ReadonlyMap<number, string> = new Map([
  [77, 'macintosh'],
  [128, 'shift_jis'],
  [129, 'cp949'],
  [134, 'gbk'],
  [136, 'big5'],
  [161, 'windows-1253'],
  [162, 'windows-1254'],
  [163, 'windows-1258'],
  [177, 'windows-1255'],
  [178, 'windows-1256'],
  [186, 'windows-1257'],
  [204, 'windows-1251'],
  [222, 'windows-874'],
  [238, 'windows-1250'],
]);

/** The encodings of the fonts that have one of their own. */
export function fontEncodings(source: string): Map<number, string> {
  const encodings = new Map<number, string>();
  const start = source.indexOf('{\\fonttbl');
  if (start === -1) return encodings;
  for (const [, font, charset] of source
    .slice(start, start + 65_536)
    .matchAll(/\\f(\d{1,5})\b[^{}]{0,100}?\\fcharset(\d{1,3})/g)) {
    const encoding = CHARSETS.get(Number(charset));
    if (encoding !== undefined && !encodings.has(Number(font))) encodings.set(Number(font), encoding);
  }
  return encodings;
}

/** The document's own encoding, from the first words of the file. */
export function documentEncoding(source: string, isKnown: (encoding: string) => boolean): string {
  const head = source.slice(0, 4096);
  const codepage = /\\ansicpg(\d{1,5})/.exec(head)?.[1];
  if (codepage === '65001') return 'utf8';
  const named = [`windows-${codepage}`, `cp${codepage}`].find(isKnown);
  if (named !== undefined) return named;
  if (codepage === '10000' || /\\mac\b/.test(head)) return 'macintosh';
  if (/\\pc\b/.test(head)) return 'cp437';
  return /\\pca\b/.test(head) ? 'cp850' : 'windows-1252';
}
