import { readFileSync } from 'node:fs';

/** Cuts text into the tokens of an uncased BERT model. */
export interface WordPiece {
  /**
   * `[CLS]`, the text's tokens, `[SEP]`: at most `maxTokens` ids in all. A longer text is cut, and reading
   * stops there.
   */
  encode(text: string, maxTokens: number): number[];
  /** Exactly how many tokens the whole text has, without `[CLS]` and `[SEP]`. */
  countTokens(text: string): number;
}

/** @param path one token a line, in the order of the ids. */
export const readWordPiece = (path: string): WordPiece =>
  createWordPiece(readFileSync(path, 'utf8').trimEnd().split('\n'));

/** Words of more code points are unknown: the limit that the model was trained with. */
const MAX_WORD_LENGTH = 100;
/** Text is normalized in pieces of about this many code units, so that cutting a long one is cheap. */
const PIECE_LENGTH = 4096;

/**
 * BERT's normalizer, pre-tokenizer and WordPiece model (Devlin et al. 2019), as the Hugging Face `tokenizers`
 * crate reads them: letters are lowered one by one (a final sigma is like any other), and every character of
 * the CJK blocks is a word.
 *
 * @param vocabulary  tokens in the order of their ids; pieces that continue a word begin with `##`.
 */
export function createWordPiece(vocabulary: readonly string[]): WordPiece {
  const starts = new Map<string, number>();
  const continuations = new Map<string, number>();
  let longestStart = 0;
  let longestContinuation = 0;
  for (const [id, token] of vocabulary.entries()) {
    starts.set(token, id);
    longestStart = Math.max(longestStart, token.length);
    if (!token.startsWith('##')) continue;
    continuations.set(token.slice(2), id);
    longestContinuation = Math.max(longestContinuation, token.length - 2);
  }
  const idOf = (token: string): number => {
    const id = starts.get(token);
    if (id === undefined) throw new Error(`the vocabulary has no ${token}`);
    return id;
  };
  const [unknown, begin, end] = [idOf('[UNK]'), idOf('[CLS]'), idOf('[SEP]')];

  /** Longest match first; a word with a part that no token covers is unknown as a whole. */
  function addWord(word: string, ids: number[]): void {
    const whole = starts.get(word);
    if (whole !== undefined) {
      ids.push(whole);
      return;
    }
    const before = ids.length;
    if (word.length > MAX_WORD_LENGTH && codePoints(word) > MAX_WORD_LENGTH) {
      ids.push(unknown);
      return;
    }
    for (let from = 0; from < word.length; ) {
      const pieces = from === 0 ? starts : continuations;
      let to = Math.min(word.length, from + (from === 0 ? longestStart : longestContinuation));
      let id = pieces.get(word.slice(from, to));
      while (id === undefined && --to > from) id = pieces.get(word.slice(from, to));
      if (id === undefined) {
        ids.length = before;
        ids.push(unknown);
        return;
      }
      ids.push(id);
      from = to;
    }
  }

  /** Text without special tokens. */
  function addText(text: string, ids: number[]): void {
    const normal = ASCII.test(text) ? text.toLowerCase() : normalize(text);
    let from = -1;
    for (let at = 0; at < normal.length; ) {
      const code = normal.codePointAt(at)!;
      const next = at + (code > 0xffff ? 2 : 1);
      const kind = kindOf(code);
      if (kind === WORD) {
        if (from < 0) from = at;
      } else {
        if (from >= 0) addWord(normal.slice(from, at), ids);
        from = -1;
        if (kind === PUNCTUATION) addWord(normal.slice(at, next), ids);
      }
      at = next;
    }
    if (from >= 0) addWord(normal.slice(from), ids);
  }

  function addPiece(text: string, ids: number[]): void {
    let from = 0;
    if (text.includes('['))
      for (const match of text.matchAll(SPECIAL)) {
        addText(text.slice(from, match.index), ids);
        ids.push(idOf(match[0]));
        from = match.index + match[0].length;
      }
    addText(from === 0 ? text : text.slice(from), ids);
  }

  return {
    encode(text, maxTokens) {
      const ids = [begin];
      for (const piece of piecesOf(text)) {
        addPiece(piece, ids);
        if (ids.length >= maxTokens) break;
      }
      if (ids.length >= maxTokens) ids.length = maxTokens - 1;
      ids.push(end);
      return ids;
    },
    countTokens(text) {
      const ids: number[] = [];
      let count = 0;
      for (const piece of piecesOf(text)) {
        addPiece(piece, ids);
        count += ids.length;
        ids.length = 0;
      }
      return count;
    },
  };
}

/** Cuts only at ASCII white space, where no word, no normalization and no special token reaches across. */
function* piecesOf(text: string): Generator<string> {
  let from = 0;
  while (text.length - from > PIECE_LENGTH) {
    BREAK.lastIndex = from + PIECE_LENGTH;
    const at = BREAK.exec(text)?.index;
    if (at === undefined) break;
    yield text.slice(from, at);
    from = at;
  }
  yield from === 0 ? text : text.slice(from);
}
const BREAK = /[ \n]/g;

const SPECIAL = /\[(?:PAD|UNK|CLS|SEP|MASK)\]/g;
const ASCII = /^[\t\n\r\x20-\x7e]*$/;

const WORD = 0;
const SPACE = 1;
const PUNCTUATION = 2;
const PUNCTUATION_MARK = /^\p{P}$/u;
const WHITE_SPACE = /^\p{White_Space}$/u;

/** By ASCII code; symbols such as `$` and `~` count as punctuation. */
const ASCII_KINDS = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  if (/\s/.test(character)) return SPACE;
  return /[!-/:-@[-`{-~]/.test(character) ? PUNCTUATION : WORD;
});

function kindOf(code: number): number {
  if (code < 128) return ASCII_KINDS[code]!;
  // letters of the commonest scripts, without asking a regular expression
  if ((code >= 0xc0 && code <= 0x2af) || (code >= 0x4e00 && code <= 0x9fff)) return WORD;
  const character = String.fromCodePoint(code);
  if (PUNCTUATION_MARK.test(character)) return PUNCTUATION;
  return WHITE_SPACE.test(character) ? SPACE : WORD;
}

/** Control, format, private and surrogate characters, but for the ASCII white space, and U+FFFD. */
const DROPPED = /(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]|\ufffd/gu;
/** The blocks that BERT calls Chinese; Japanese kana and Korean are not among them. */
const CJK =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;
const ACCENTS = /\p{Mn}/gu;

const normalize = (text: string): string =>
  text
    .replace(DROPPED, '')
    .replace(CJK, ' $& ')
    .normalize('NFD')
    .replace(ACCENTS, '')
    // alone, a capital sigma becomes σ; inside a text `toLowerCase` would look at its neighbours
    .replaceAll('Σ', 'σ')
    .toLowerCase();

function codePoints(word: string): number {
  let count = 0;
  for (let at = 0; at < word.length; at += word.codePointAt(at)! > 0xffff ? 2 : 1) count += 1;
  return count;
}
