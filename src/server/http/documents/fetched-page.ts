import { extname } from 'node:path/posix';
import { Readable } from 'node:stream';
import type { FetchedPage } from '../fetch-url.ts';
import { displayName } from './display-name.ts';
import { pageTitle } from './page-title.ts';

/** Titles stand at the beginning of a page; pages that put more before it are shown by their address. */
const HEAD_BYTES = 64 * 1024;

const EXTENSIONS: Readonly<Record<string, string>> = {
  'text/html': '.html',
  'application/xhtml+xml': '.html',
  'application/pdf': '.pdf',
  'text/plain': '.txt',
  'text/markdown': '.md',
  'text/csv': '.csv',
  'application/json': '.json',
};

/** A file name for a page: the last part of its path or its host, with the extension of its type. */
export function pageFilename({ url, mimeType }: Pick<FetchedPage, 'url' | 'mimeType'>): string {
  const last = url.pathname.split('/').filter(Boolean).at(-1) ?? '';
  const name = displayName(decoded(last), url.hostname);
  const extension = EXTENSIONS[mimeType ?? ''] ?? '';
  return extension === '' || extname(name).toLowerCase() === extension ? name : name + extension;
}

/** The page's bytes, and its title once they were read. */
export function withTitle({ content, mimeType, charset }: FetchedPage): {
  content: Readable;
  title(): string | undefined;
} {
  if (mimeType !== 'text/html' && mimeType !== 'application/xhtml+xml')
    return { content, title: () => undefined };
  const head: Buffer[] = [];
  let bytes = 0;
  const watched = async function* (): AsyncGenerator<Buffer> {
    for await (const chunk of content as AsyncIterable<Buffer>) {
      if (bytes < HEAD_BYTES) head.push(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  };
  return {
    content: Readable.from(watched(), { objectMode: false }),
    title: () => pageTitle(Buffer.concat(head).subarray(0, HEAD_BYTES), charset),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
