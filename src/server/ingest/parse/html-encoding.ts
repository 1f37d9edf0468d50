import { isUtf8 } from 'node:buffer';
import { wideEncoding } from './text-encoding.ts';

/** HTML in the encoding that it names itself, unless its bytes say otherwise; `guessed` when it names none. */
export async function decodeHtml(bytes: Buffer, guessed: string): Promise<string> {
  if (wideEncoding(bytes) !== undefined || isUtf8(bytes)) return guessed;
  const label = /<(?:meta[^>]{0,200}charset|\?xml[^>]{0,200}encoding)\s*=\s*["']?([\w.:-]{1,40})/i.exec(
    bytes.toString('latin1', 0, 4096),
  )?.[1];
  if (label === undefined || /^utf-?8$/i.test(label)) return guessed;
  const { default: iconv } = await import('iconv-lite');
  // browsers read ISO 8859-1 as its superset
  const encoding = /^(?:iso-?8859-?1|latin-?1|us-ascii)$/i.test(label) ? 'windows-1252' : label;
  return iconv.encodingExists(encoding) ? iconv.decode(bytes, encoding) : guessed;
}
