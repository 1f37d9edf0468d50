import { TextDecoder } from 'node:util';
import { Parser } from 'htmlparser2';

const MAX_LENGTH = 500;

/**
 * The title that an HTML page gives itself, on one line; undefined when it has none.
 *
 * @param head the page's first bytes; a title further down is not found.
 * @param charset as the server named it; UTF-8 where it is unknown.
 */
export function pageTitle(head: Buffer, charset: string | undefined): string | undefined {
  let title = '';
  let inside = false;
  let closed = false;
  const parser = new Parser({
    onopentagname: (name) => {
      inside = name === 'title' && !closed;
    },
    ontext: (text) => {
      if (inside) title += text;
    },
    onclosetag: (name) => {
      if (inside && name === 'title') closed = true;
      inside = false;
    },
  });
  parser.end(decoderOf(charset).decode(head));
  const line = title
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
    .slice(0, MAX_LENGTH)
    .toWellFormed();
  return line === '' ? undefined : line;
}

function decoderOf(charset: string | undefined): TextDecoder {
  try {
    return new TextDecoder(charset ?? 'utf-8');
  } catch {
    return new TextDecoder('utf-8');
  }
}
