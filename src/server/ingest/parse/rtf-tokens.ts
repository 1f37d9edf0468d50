/** What a Rich Text Format file is made of. */
export interface RtfHandler {
  openGroup(): void;
  closeGroup(): void;
  /** A byte of text: a character of the file, or one written as `\'e9`. */
  byte(value: number): void;
  /** A control word such as `\fs24`; `parameter` is undefined where there is none. */
  word(name: string, parameter: number | undefined): void;
  /** A control symbol such as `\~`. */
  symbol(char: string): void;
}

const CONTROL_WORD = /([a-z]{1,32})(-?\d{1,10})? ?/iy;

/** Feeds a file to `handler`; `source` holds a byte a character. */
export function readRtfTokens(source: string, handler: RtfHandler): void {
  let depth = 0;
  for (let i = 0; i < source.length; i++) {
    const code = source.charCodeAt(i);
    if (code === 0x7b) {
      depth++;
      handler.openGroup();
    } else if (code === 0x7d) {
      handler.closeGroup();
      if (--depth <= 0) return;
    } else if (code === 0x5c) i = readControl(source, i + 1, handler) - 1;
    else if (code !== 0x0a && code !== 0x0d) handler.byte(code);
  }
}

/** @returns where it ends. */
function readControl(source: string, at: number, handler: RtfHandler): number {
  const char = source[at] ?? '';
  if (char === "'") {
    const value = Number.parseInt(source.slice(at + 1, at + 3), 16);
    if (!Number.isNaN(value)) handler.byte(value);
    return at + 3;
  }
  CONTROL_WORD.lastIndex = at;
  const found = CONTROL_WORD.exec(source);
  if (found === null) {
    if (char === '{' || char === '}' || char === '\\') handler.byte(char.charCodeAt(0));
    else handler.symbol(char);
    return at + 1;
  }
  const [whole, name = '', digits] = found;
  const parameter = digits === undefined ? undefined : Number(digits);
  // raw bytes follow, which may be anything
  if (name === 'bin') return at + whole.length + Math.max(0, parameter ?? 0);
  handler.word(name, parameter);
  return at + whole.length;
}
