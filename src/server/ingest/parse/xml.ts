import { tooComplex } from './faults.ts';

/**
 * Reads XML as a stream of events and nothing more: no document type is applied, no entity is expanded and
 * nothing is ever fetched. Names come without their namespace prefix, because writers choose it freely.
 */
export interface XmlHandler {
  /** Elements to pass over, with everything in them. */
  skips?(name: string, attributes: string): boolean;
  /** @param attributes unparsed; read them with `attribute`. */
  open(name: string, attributes: string, prefix: string): void;
  text?(text: string): void;
  /** Also called for an element that closes itself. */
  close(name: string, prefix: string): void;
}

/**
 * Feeds `chunks` of one XML document to `handler`.
 *
 * @throws AppError FILE_TOO_COMPLEX when the text uses entities that the document defines itself: office
 * programs never write them, and expanding them is how small files become huge ones.
 */
export async function readXml(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  handler: XmlHandler,
): Promise<void> {
  const reader = new XmlReader(handler);
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  for await (const chunk of chunks) {
    decoder ??= new TextDecoder(declaredEncoding(chunk));
    reader.write(decoder.decode(chunk, { stream: true }));
  }
  reader.write(decoder?.decode() ?? '');
  reader.end();
}

/**
 * The value of an attribute, whatever its prefix. A name with a colon is matched with its prefix; `:id` wants
 * one but does not mind which, since writers choose their prefixes freely.
 */
export function attribute(attributes: string, name: string): string | undefined {
  let pattern = PATTERNS.get(name);
  if (pattern === undefined) {
    const before = name.startsWith(':') ? '[\\w.-]' : name.includes(':') ? '\\s' : '[\\s:]';
    pattern = new RegExp(`${before}${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`);
    PATTERNS.set(name, pattern);
  }
  const found = pattern.exec(attributes);
  return found === null ? undefined : decodeEntities(found[1] ?? found[2] ?? '');
}
const PATTERNS = new Map<string, RegExp>();

const LONGEST_ENTITY = 210;

class XmlReader {
  readonly #handler: XmlHandler;
  /** What could not be read yet because its end has not come. */
  #rest = '';
  #own: ReadonlySet<string> = new Set();
  /** How deep inside an element that is passed over. */
  #skipped = 0;

  constructor(handler: XmlHandler) {
    this.#handler = handler;
  }

  write(chunk: string): void {
    const text = this.#rest === '' ? chunk : this.#rest + chunk;
    let at = 0;
    while (at < text.length) {
      const tag = text.indexOf('<', at);
      if (tag === -1) {
        at = this.#openText(text, at);
        break;
      }
      if (tag > at) this.#text(text.slice(at, tag));
      at = tag;
      const next = this.#markup(text, tag);
      if (next === -1) break;
      at = next;
    }
    this.#rest = text.slice(at);
    // markup that never ends: keeping it would read the rest again with every chunk
    if (this.#rest.length > 32 * 1024 * 1024)
      throw tooComplex('The file holds a single item of more than 32 MB.');
  }

  end(): void {
    if (this.#rest !== '' && !this.#rest.startsWith('<')) this.#text(this.#rest);
    this.#rest = '';
  }

  /** Text may be long: what is here is passed on, except an entity whose end may still come. */
  #openText(text: string, at: number): number {
    const entity = text.indexOf('&', Math.max(at, text.length - LONGEST_ENTITY));
    const end = entity === -1 ? text.length : entity;
    if (end > at) this.#text(text.slice(at, end));
    return end;
  }

  /** @returns where the markup that begins at `at` ends, or -1 when that is not here yet. */
  #markup(text: string, at: number): number {
    const kind = text.charCodeAt(at + 1);
    if (kind === 0x21) {
      if (text.startsWith('<!--', at)) return after(text, '-->', at + 4);
      if (text.startsWith('<![CDATA[', at)) {
        const end = text.indexOf(']]>', at);
        if (end === -1) return -1;
        if (this.#skipped === 0) this.#handler.text?.(text.slice(at + 9, end));
        return end + 3;
      }
      if ('<!--'.startsWith(text.slice(at, at + 4)) || '<![CDATA['.startsWith(text.slice(at, at + 9)))
        return -1;
      return this.#documentType(text, at);
    }
    if (kind === 0x3f) return after(text, '?>', at + 2);
    const end = tagEnd(text, at + 1);
    if (end === -1) return -1;
    if (kind === 0x2f) {
      if (this.#skipped > 0) this.#skipped--;
      else {
        const [name, prefix] = splitName(text.slice(at + 2, end).trimEnd());
        this.#handler.close(name, prefix);
      }
      return end + 1;
    }
    this.#element(text, at + 1, end);
    return end + 1;
  }

  /** @param end where its `>` stands. */
  #element(text: string, start: number, end: number): void {
    const closesItself = text.charCodeAt(end - 1) === 0x2f;
    if (this.#skipped > 0) {
      if (!closesItself) this.#skipped++;
      return;
    }
    const inner = text.slice(start, closesItself ? end - 1 : end);
    const blank = inner.search(/\s/);
    const [name, prefix] = splitName(blank === -1 ? inner : inner.slice(0, blank));
    const attributes = blank === -1 ? '' : inner.slice(blank);
    if (this.#handler.skips?.(name, attributes)) {
      if (!closesItself) this.#skipped = 1;
      return;
    }
    this.#handler.open(name, attributes, prefix);
    if (closesItself) this.#handler.close(name, prefix);
  }

  #documentType(text: string, at: number): number {
    const subset = text.indexOf('[', at);
    const plainEnd = text.indexOf('>', at);
    if (plainEnd === -1) return -1;
    if (subset === -1 || subset > plainEnd) return plainEnd + 1;
    const end = /\]\s*>/g;
    end.lastIndex = subset;
    const found = end.exec(text);
    if (found === null) return -1;
    const declared = text.slice(subset, found.index).matchAll(/<!ENTITY\s+([^\s%"'<>]+)\s+["']/g);
    this.#own = new Set(Array.from(declared, (match) => match[1] ?? ''));
    return end.lastIndex;
  }

  #text(text: string): void {
    if (this.#handler.text === undefined || this.#skipped > 0) return;
    if (this.#own.size > 0) {
      for (const [, name] of text.matchAll(/&([^;&\s#]{1,200});/g)) {
        if (this.#own.has(name ?? ''))
          throw tooComplex('The file defines entities of its own, which could unpack without end.');
      }
    }
    this.#handler.text(decodeEntities(text));
  }
}

function after(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end === -1 ? -1 : end + mark.length;
}

/** The `>` of a tag: one inside a quoted value does not count. */
function tagEnd(text: string, from: number): number {
  let quote = 0;
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === 0x3e) return i;
    else if (code === 0x22 || code === 0x27) quote = code;
  }
  return -1;
}

function splitName(qualified: string): [name: string, prefix: string] {
  const colon = qualified.indexOf(':');
  return colon === -1 ? [qualified, ''] : [qualified.slice(colon + 1), qualified.slice(0, colon)];
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
  ['nbsp', ' '],
]);

/** The five entities of XML and numbers; anything else names what is not there and becomes nothing. */
function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(
    /&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z][^;&\s]{0,200}));/gi,
    (_, hex, decimal, name) => {
      if (name !== undefined) return NAMED.get(name as string) ?? '';
      const code = hex === undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : '';
    },
  );
}

function declaredEncoding(start: Uint8Array): string {
  if (start[0] === 0xff && start[1] === 0xfe) return 'utf-16le';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  const head = Buffer.from(start.subarray(0, 200)).toString('latin1');
  const label =
    /^(?:\xef\xbb\xbf)?<\?xml[^>]*encoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(head)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(label).encoding;
  } catch {
    return 'utf-8';
  }
}
