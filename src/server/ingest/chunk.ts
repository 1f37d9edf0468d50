import type { Block, ParsedPage } from '../ports/parser.ts';
import { cutWithin, estimateTokens } from '../text/estimate-tokens.ts';
import { sentenceSpans } from '../text/sentences.ts';

/** Changes with every change to what `chunkDocument` or `embeddedText` make of the same document. */
export const CHUNKER_VERSION = 1;

/** One passage: a slice of one page. */
export interface Chunk {
  /** 0-based position in the document. */
  readonly seq: number;
  readonly page: number;
  /** UTF-16 code units of the page's text. */
  readonly start: number;
  readonly end: number;
  /** Exactly `page.text.slice(start, end)`; it begins and ends with a visible character. */
  readonly text: string;
  /** The headings that it stands under, outermost first. */
  readonly headingPath: readonly string[];
  /** The header of the table that it begins in the middle of. */
  readonly tableHeader: string | null;
  /** Estimated, of its own text. */
  readonly tokenCount: number;
}

/** What a chunk is filled up to. With title and headings in front it stays below the bundled model's 256. */
export const TARGET_TOKENS = 200;
/** What a chunk may reach so that no crumb is left beside it. */
export const MAX_TOKENS = 240;
/** Shorter leftovers join their neighbour. */
const CRUMB_TOKENS = 40;
/** A heading below level 2 begins a new chunk once the current one has this much. */
const SECTION_TOKENS = 100;
/** A sentence up to this length is repeated at the start of the next chunk of its paragraph. */
const OVERLAP_TOKENS = 30;
const TABLE_HEADER_TOKENS = 60;
const HEADING_UNITS = 200;
/** Sentences are looked for in windows of this many code units, so that an endless paragraph costs no more. */
const SENTENCE_WINDOW = 16_384;

/** What is not divided further while packing. */
interface Piece {
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
  readonly kind: 'heading' | 'whole' | 'sentence' | 'line';
  readonly path: readonly string[];
  /** Of a table's row below its header. */
  readonly header?: { readonly text: string; readonly tokens: number };
}

/**
 * Cuts a document into passages along its structure: never across pages or headings of level 1 and 2, between
 * paragraphs, list items and table rows where possible, else between sentences, else between words.
 * Together the passages cover every visible character, in order; neighbours may share one short sentence.
 * Takes time linear in the length of the text.
 */
export function chunkDocument(pages: readonly ParsedPage[]): Chunk[] {
  const chunker = createChunker();
  return pages.flatMap((page) => chunker.add(page));
}

/** The same for pages that come one after the other. */
export interface Chunker {
  /** The passages of the document's next page. */
  add(page: ParsedPage): Chunk[];
}

export function createChunker(): Chunker {
  const headings: { level: number; text: string }[] = [];
  let path: readonly string[] = [];
  let seq = 0;
  return {
    add(page) {
      const packer = createPacker(page, seq);
      for (const block of blocksOf(page)) {
        if (block.kind === 'heading') {
          while ((headings.at(-1)?.level ?? 0) >= block.level) headings.pop();
          headings.push({ level: block.level, text: headingText(page.text, block) });
          path = headings.map(({ text }) => text);
          if (block.level <= 2) packer.endSection(path);
          else packer.endChunkAbove(SECTION_TOKENS);
        }
        for (const piece of piecesOf(page.text, block, path)) packer.place(piece);
      }
      const chunks = packer.finish();
      seq += chunks.length;
      return chunks;
    },
  };
}

function createPacker(page: ParsedPage, firstSeq: number) {
  const chunks: Chunk[] = [];
  let current: Piece[] = [];
  let tokens = 0;
  /** Where the section's first chunk stands: a crumb joins no chunk of another section. */
  let sectionStart = 0;

  const start = (pieces: Piece[]) => {
    current = pieces;
    tokens = pieces.reduce((sum, piece) => sum + piece.tokens, pieces[0]?.header?.tokens ?? 0);
  };
  const add = (piece: Piece) => {
    if (current.length === 0) tokens += piece.header?.tokens ?? 0;
    current.push(piece);
    tokens += piece.tokens;
  };
  const close = () => {
    const first = current[0];
    const last = current.at(-1);
    if (first === undefined || last === undefined) return;
    const tokenCount = current.reduce((sum, piece) => sum + piece.tokens, 0);
    const before = chunks.at(-1);
    if (
      before !== undefined &&
      chunks.length > sectionStart &&
      tokenCount < CRUMB_TOKENS &&
      before.tokenCount + tokenCount <= MAX_TOKENS
    ) {
      chunks[chunks.length - 1] = {
        ...before,
        end: last.end,
        text: page.text.slice(before.start, last.end),
        tokenCount: before.tokenCount + tokenCount,
      };
    } else {
      chunks.push({
        seq: firstSeq + chunks.length,
        page: page.number,
        start: first.start,
        end: last.end,
        text: page.text.slice(first.start, last.end),
        headingPath: (current.find(({ kind }) => kind !== 'heading') ?? last).path,
        tableHeader: first.header?.text ?? null,
        tokenCount,
      });
    }
    start([]);
  };

  const place = (piece: Piece): void => {
    if (current.length === 0 || tokens + piece.tokens <= TARGET_TOKENS) {
      add(piece);
      return;
    }
    if (tokens < CRUMB_TOKENS) {
      if (tokens + piece.tokens <= MAX_TOKENS) {
        add(piece);
        return;
      }
      const sentences = piece.kind === 'whole' ? [...sentencePieces(page.text, piece)] : [];
      if (sentences.length > 1) {
        for (const sentence of sentences) place(sentence);
        return;
      }
    }
    const last = current.at(-1) as Piece;
    const repeats =
      piece.kind === 'sentence' &&
      last.kind === 'sentence' &&
      current.length > 1 &&
      last.tokens <= OVERLAP_TOKENS &&
      last.tokens + piece.tokens <= TARGET_TOKENS;
    close();
    if (repeats) start([last]);
    add(piece);
  };

  /** @param next headings of the section that follows on the page: one below a bare heading keeps it with it. */
  const endSection = (next?: readonly string[]) => {
    const last = current.at(-1);
    const bare = last !== undefined && current.every(({ kind }) => kind === 'heading');
    if (!(bare && next !== undefined && next.length > last.path.length)) close();
    sectionStart = chunks.length;
  };

  return {
    place,
    endSection,
    endChunkAbove(minTokens: number) {
      if (tokens >= minTokens) close();
    },
    finish(): Chunk[] {
      endSection();
      return chunks;
    },
  };
}

/** A page whose parser named no blocks is one paragraph. */
const blocksOf = (page: ParsedPage): readonly Block[] =>
  page.blocks.length > 0 ? page.blocks : [{ kind: 'paragraph', start: 0, end: page.text.length }];

const headingText = (text: string, { start, end }: Block): string => {
  const line = text
    .slice(start, Math.min(end, start + 4 * HEADING_UNITS))
    .replace(/\s+/g, ' ')
    .trim();
  return line.length <= HEADING_UNITS
    ? line
    : line
        .slice(0, HEADING_UNITS)
        .toWellFormed()
        .replace(/\uFFFD$/, '');
};

function* piecesOf(text: string, block: Block, path: readonly string[]): Generator<Piece> {
  switch (block.kind) {
    case 'heading':
    case 'paragraph': {
      const span = trimmed(text, block.start, block.end);
      if (span === undefined) return;
      const tokens = estimateTokens(text, ...span);
      if (tokens > TARGET_TOKENS) yield* sentencePieces(text, { start: span[0], end: span[1], path });
      else
        yield {
          start: span[0],
          end: span[1],
          tokens,
          kind: block.kind === 'heading' ? 'heading' : 'whole',
          path,
        };
      return;
    }
    case 'list':
    case 'code':
      yield* linePieces(text, block.start, block.end, { path });
      return;
    case 'table': {
      const headerEnd = block.headerEnd ?? block.start;
      yield* linePieces(text, block.start, headerEnd, { path });
      yield* linePieces(text, headerEnd, block.end, { path, ...tableHeader(text, block.start, headerEnd) });
      return;
    }
    default:
      block satisfies never;
  }
}

function tableHeader(text: string, start: number, end: number): Pick<Piece, 'header'> {
  const span = trimmed(text, start, end);
  if (span === undefined) return {};
  const cut = cutWithin(text, span[0], span[1], TABLE_HEADER_TOKENS);
  return { header: { text: text.slice(span[0], cut).trimEnd(), tokens: estimateTokens(text, span[0], cut) } };
}

function* linePieces(
  text: string,
  start: number,
  end: number,
  shared: Pick<Piece, 'path' | 'header'>,
): Generator<Piece> {
  // a row's room is what its table's header leaves
  const room = TARGET_TOKENS - (shared.header?.tokens ?? 0);
  for (let from = start; from < end; ) {
    const newline = text.indexOf('\n', from);
    const to = newline === -1 || newline >= end ? end : newline + 1;
    const span = trimmed(text, from, to);
    if (span !== undefined) yield* wordPieces(text, span[0], span[1], room, { ...shared, kind: 'line' });
    from = to;
  }
}

function* sentencePieces(text: string, whole: Pick<Piece, 'start' | 'end' | 'path'>): Generator<Piece> {
  for (let from = whole.start; from < whole.end; ) {
    const to = windowEnd(text, from, whole.end);
    // the last one takes what is left of the window, the next window begins behind it
    const ends = sentenceSpans(text.slice(from, to)).map(({ end }) => from + end);
    ends[Math.max(0, ends.length - 1)] = to;
    for (const end of ends) {
      const span = trimmed(text, from, end);
      if (span !== undefined)
        yield* wordPieces(text, span[0], span[1], TARGET_TOKENS, { kind: 'sentence', path: whole.path });
      from = end;
    }
  }
}

function windowEnd(text: string, from: number, end: number): number {
  const to = from + SENTENCE_WINDOW;
  if (to >= end) return end;
  const space = Math.max(text.lastIndexOf('\n', to), text.lastIndexOf(' ', to));
  if (space > from) return space + 1;
  return isLowSurrogate(text.charCodeAt(to)) ? to - 1 : to;
}

/** The span itself when it has room, else the longest runs of words that have. */
function* wordPieces(
  text: string,
  start: number,
  end: number,
  maxTokens: number,
  shared: Pick<Piece, 'path' | 'header' | 'kind'>,
): Generator<Piece> {
  for (let from = start; from < end; ) {
    const to = cutWithin(text, from, end, maxTokens);
    const span = trimmed(text, from, to);
    if (span !== undefined)
      yield { start: span[0], end: span[1], tokens: estimateTokens(text, ...span), ...shared };
    from = to;
  }
}

function trimmed(text: string, start: number, end: number): [start: number, end: number] | undefined {
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return start < end ? [start, end] : undefined;
}

const isSpace = (unit: number): boolean =>
  unit > 32 && unit < 160 ? false : unit <= 32 || /\s/.test(String.fromCharCode(unit));
const isLowSurrogate = (unit: number): boolean => unit >= 0xdc00 && unit < 0xe000;
