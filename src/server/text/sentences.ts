import { continuesSentence } from './abbreviations.ts';

/** Offsets in UTF-16 code units, `end` exclusive; no space at either end. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The sentences of a text, in order. A table row, a heading and a list item each begin one of their own,
 * and none crosses a blank line; lines that only wrap a paragraph are read as one.
 */
export function sentenceSpans(text: string): Span[] {
  const spans: Span[] = [];
  for (const passage of passages(text)) addSentences(text, passage, spans);
  return spans;
}

const OWN_LINE = /^\s*(?:[-*+•◦▪‣·–—]\s|#{1,6}\s|\(?(?:\d{1,3}|\p{L})[.)]\s|>|\|)/u;
const TABLE_ROW = / \| |\t/u;

interface Line extends Span {
  readonly text: string;
}

/** Groups lines into stretches of running text. */
function passages(text: string): Span[] {
  const found: Span[] = [];
  for (const block of blocks(text)) {
    const widest = block.reduce((most, line) => Math.max(most, line.text.length), 0);
    let open: { start: number; end: number; last: Line } | undefined;
    for (const line of block) {
      const row = TABLE_ROW.test(line.text);
      if (open !== undefined && !row && !OWN_LINE.test(line.text) && wraps(open.last, line, widest)) {
        open.end = line.end;
        open.last = line;
        continue;
      }
      if (open !== undefined) found.push(open);
      open = { start: line.start, end: line.end, last: line };
    }
    if (open !== undefined) found.push(open);
  }
  return found;
}

/** Lines between blank lines. */
function blocks(text: string): Line[][] {
  const all: Line[][] = [];
  let block: Line[] = [];
  let start = 0;
  while (start <= text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    const line = text.slice(start, end);
    if (line.trim() !== '') block.push({ start, end, text: line });
    else if (block.length > 0) {
      all.push(block);
      block = [];
    }
    start = end + 1;
  }
  if (block.length > 0) all.push(block);
  return all;
}

/** A line broken for want of room goes on in the next one; a short one before a capital ends by itself. */
function wraps(line: Line, next: Line, widest: number): boolean {
  if (TABLE_ROW.test(line.text)) return false;
  const start = next.text.trimStart();
  if (/^\p{Ll}/u.test(start)) return true;
  return line.text.length >= widest * SHORT_LINE || /[,;(–—-]$/u.test(line.text.trimEnd());
}

/** Of the block's widest line. A wrapped line lacks at most one word. */
const SHORT_LINE = 0.7;

/** What is looked at on both sides of a full stop: abbreviations are short, and lines may be endless. */
const AROUND = 40;

const segmenter = new Intl.Segmenter('en', { granularity: 'sentence' });

function addSentences(text: string, passage: Span, spans: Span[]): void {
  // a line end would always end a sentence; a space in its place keeps the offsets
  const flat = text.slice(passage.start, passage.end).replaceAll('\n', ' ');
  let start = 0;
  for (const { segment, index } of segmenter.segment(flat)) {
    const end = index + segment.length;
    const before = flat.slice(Math.max(start, end - AROUND), end);
    if (end < flat.length && continuesSentence(before, flat.slice(end, end + AROUND))) continue;
    push(text, passage.start + start, passage.start + end, spans);
    start = end;
  }
  push(text, passage.start + start, passage.end, spans);
}

function push(text: string, start: number, end: number, spans: Span[]): void {
  let from = start;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  if (to > from) spans.push({ start: from, end: to });
}

const isSpace = (unit: number): boolean => unit <= 32 || unit === 0xa0 || unit === 0x3000 || unit === 0xfeff;
