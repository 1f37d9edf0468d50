import type { DocumentWriter } from './document-writer.ts';
import { tooComplex } from './faults.ts';
import { RichText } from './rich-text.ts';

interface State {
  /** Inside a destination that is not text of the document. */
  readonly skip: boolean;
  /** Bytes that stand for one Unicode character to readers who know none (`\uc`). */
  fallbackLength: number;
  readonly codepage: string;
  hidden: boolean;
}

/** Destinations that hold no text of the body. `fldinst` is a field's formula, `fldrslt` what it shows. */
const SKIPPED = new Set(
  (
    'fonttbl colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr footerf fldinst themedata ' +
    'colorschememapping datastore latentstyles listtable listoverridetable rsidtbl generator xmlnstbl mmathPr filetbl revtbl annotation ' +
    'atnid atnauthor atndate atnref bkmkstart bkmkend pntext pntxta pntxtb listtext nonshppict shpinst template private1 operator author ' +
    'wgrffmtfilter sp sn sv falt panose objdata blipuid passwordhash ftnsep ftnsepc aftnsep aftnsepc'
  ).split(' '),
);
const MAX_DEPTH = 2000;

/**
 * Rich Text Format 1.9: the body's text with its paragraphs, headings (`\outlinelevel`), table rows and page
 * breaks; code pages by `\ansicpg` and by font.
 */
export async function readRtf(bytes: Buffer, out: DocumentWriter): Promise<void> {
  const { default: iconv } = await import('iconv-lite');
  const source = bytes.toString('latin1');
  const decode = (data: Buffer, codepage: string) =>
    iconv.decode(data, iconv.encodingExists(codepage) ? codepage : 'windows-1252');
  out.newPage();
  const rich = new RichText(out);
  const fonts = fontEncodings(source);
  const base = `windows-${/\\ansicpg(\d{3,5})/.exec(source.slice(0, 4096))?.[1] ?? '1252'}`;
  const stack: State[] = [];
  let state: State = { skip: false, fallbackLength: 1, codepage: base, hidden: false };
  let pending: number[] = [];
  let toSkip = 0;
  let level: number | undefined;
  let inTable = false;
  let tableOpen = false;
  let listItem = false;

  const flush = () => {
    if (pending.length === 0) return;
    if (!state.skip && !state.hidden) rich.text(decode(Buffer.from(pending), state.codepage));
    pending = [];
  };
  const text = (value: string) => {
    flush();
    if (!state.skip && !state.hidden) rich.text(value);
  };
  const endParagraph = () => {
    flush();
    if (inTable) return text('\n');
    closeTable();
    if (level !== undefined && level < 9) rich.endHeading(level + 1);
    else if (listItem) rich.endItem('- ', 0);
    else rich.endParagraph();
  };
  const closeTable = () => {
    if (!tableOpen) return;
    const rest = rich.take();
    rich.closeTable();
    rich.text(rest);
    tableOpen = false;
  };
  let cells: string[] = [];

  for (let i = 0; i < source.length; i++) {
    const char = source[i]!;
    if (char === '{') {
      flush();
      if (stack.length > MAX_DEPTH) throw tooComplex('The file nests its parts too deeply.');
      stack.push(state);
      state = { ...state };
    } else if (char === '}') {
      flush();
      state = stack.pop() ?? state;
      if (stack.length === 0) break;
    } else if (char === '\r' || char === '\n') continue;
    else if (char !== '\\') {
      if (toSkip > 0) toSkip--;
      else pending.push(char.charCodeAt(0));
    } else {
      const next = source[i + 1] ?? '';
      if (next === "'") {
        const code = Number.parseInt(source.slice(i + 2, i + 4), 16);
        i += 3;
        if (toSkip > 0) toSkip--;
        else if (!Number.isNaN(code)) pending.push(code);
        continue;
      }
      const word = CONTROL.exec(source.slice(i + 1, i + 40));
      if (word === null) {
        i++;
        if (next === '*') {
          // a destination that may be skipped by who does not know it
          const name = /^\\([a-z]+)/i.exec(source.slice(i + 1, i + 34).trimStart())?.[1];
          flush();
          if (name !== undefined && !KEPT.has(name)) state = { ...state, skip: true };
        } else if (next === '~') text(' ');
        else if (next === '_') text('-');
        else if (next === '{' || next === '}' || next === '\\') pending.push(next.charCodeAt(0));
        else if (next === '\r' || next === '\n') endParagraph();
        continue;
      }
      const [whole, name = '', number] = word;
      i += whole.length;
      const value = number === undefined ? undefined : Number(number);
      if (SKIPPED.has(name)) {
        flush();
        state = { ...state, skip: true };
        continue;
      }
      switch (name) {
        case 'par':
        case 'sect':
          if (!state.skip) endParagraph();
          break;
        case 'pard':
          flush();
          level = undefined;
          listItem = false;
          inTable = false;
          break;
        case 'outlinelevel':
          level = value;
          break;
        case 'ls':
          listItem = true;
          break;
        case 'line':
          text('\n');
          break;
        case 'tab':
          text('\t');
          break;
        case 'page':
          if (state.skip) break;
          endParagraph();
          rich.finish();
          if (!out.pageIsEmpty) out.newPage();
          break;
        case 'intbl':
          inTable = true;
          break;
        case 'trowd':
          flush();
          if (!tableOpen) {
            const before = rich.take();
            if (before.trim() !== '' && cells.length === 0 && !inTable) {
              rich.text(before);
              rich.endParagraph();
            } else if (before !== '') rich.text(before);
          }
          break;
        case 'cell':
        case 'nestcell':
          flush();
          cells.push(rich.take());
          break;
        case 'row':
        case 'nestrow':
          flush();
          if (!tableOpen) {
            const rest = rich.take();
            rich.openTable();
            rich.text(rest);
            tableOpen = true;
          }
          rich.take();
          rich.openRow();
          for (const cell of cells) {
            rich.openCell();
            rich.text(cell);
            rich.closeCell();
          }
          rich.closeRow();
          cells = [];
          break;
        case 'u':
          flush();
          if (value !== undefined) text(String.fromCharCode(value < 0 ? value + 65_536 : value));
          toSkip = state.fallbackLength;
          break;
        case 'uc':
          state.fallbackLength = Math.max(0, Math.min(8, value ?? 1));
          break;
        case 'v':
          flush();
          state.hidden = value !== 0;
          break;
        case 'f': {
          flush();
          const encoding = fonts.get(value ?? -1) ?? base;
          state = { ...state, codepage: encoding };
          break;
        }
        case 'bin':
          i += Math.max(0, value ?? 0);
          break;
        default: {
          const symbol = SYMBOLS[name];
          if (symbol !== undefined) text(symbol);
        }
      }
    }
  }
  flush();
  for (const cell of cells) rich.text(` ${cell} `);
  closeTable();
  rich.endParagraph();
  rich.finish();
  const title = /\{\\title ([^{}\\]{3,200})\}/.exec(source.slice(0, 65_536))?.[1];
  out.title = title?.trim() || undefined;
}

const CONTROL = /^([a-z]{1,32})(-?\d{1,10})? ?/i;
/** Optional destinations whose text does count. */
const KEPT = new Set(['shptxt', 'footnote', 'nesttableprops', 'cxfn']);
const SYMBOLS: Readonly<Record<string, string>> = {
  emdash: '—',
  endash: '–',
  lquote: '‘',
  rquote: '’',
  ldblquote: '“',
  rdblquote: '”',
  bullet: '•',
  emspace: ' ',
  enspace: ' ',
  qmspace: ' ',
};

/** `\fcharset` of each font, as a code page (RTF 1.9, font table). */
const CHARSETS: Readonly<Record<number, string>> = {
  0: 'windows-1252',
  77: 'macintosh',
  128: 'shift_jis',
  129: 'cp949',
  134: 'gbk',
  136: 'big5',
  161: 'windows-1253',
  162: 'windows-1254',
  163: 'windows-1258',
  177: 'windows-1255',
  178: 'windows-1256',
  186: 'windows-1257',
  204: 'windows-1251',
  222: 'windows-874',
  238: 'windows-1250',
};

function fontEncodings(source: string): Map<number, string> {
  const encodings = new Map<number, string>();
  const start = source.indexOf('{\\fonttbl');
  if (start === -1) return encodings;
  for (const [, font, charset] of source
    .slice(start, start + 65_536)
    .matchAll(/\\f(\d{1,5})\b[^{}]{0,100}?\\fcharset(\d{1,3})/g)) {
    const encoding = CHARSETS[Number(charset)];
    // charset 0 is "ANSI", which means the document's own code page
    if (encoding !== undefined && charset !== '0' && !encodings.has(Number(font)))
      encodings.set(Number(font), encoding);
  }
  return encodings;
}
