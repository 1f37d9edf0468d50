import type { DocumentWriter } from './document-writer.ts';
import { writePlainText } from './plain-text.ts';

/**
 * JSON as lines that can be read and found: `path.to.key: value`. A list of flat records becomes a table.
 * @returns what it was read as: a file that is no JSON after all is plain text.
 */
export function writeJson(
  text: string,
  format: 'json' | 'jsonl',
  out: DocumentWriter,
): 'json' | 'jsonl' | 'text' {
  const values = parse(text, format);
  if (values === undefined) {
    writePlainText(text, out);
    return 'text';
  }
  out.newPage();
  const [only] = values;
  const list = values.length === 1 && Array.isArray(only) ? only : values;
  if (list.length > 1 && list.every(isRecord)) {
    const columns = [...new Set(list.flatMap((record) => Object.keys(record)))];
    if (columns.length <= MAX_COLUMNS) {
      out.table([columns, ...list.map((record) => columns.map((column) => scalar(record[column])))], 1);
      return format;
    }
  }
  if (list.length > 1) for (const value of list) out.paragraph(flatten(value));
  else for (const value of list) writeTopLevel(value, out);
  return format;
}

const MAX_COLUMNS = 60;

function parse(text: string, format: 'json' | 'jsonl'): unknown[] | undefined {
  if (format === 'json') {
    const value = tryParse(text);
    if (value !== undefined) return [value];
  }
  // one value a line, also where the extension says JSON
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const values = lines.map(tryParse);
  return values.length > 0 && values.every((value) => value !== undefined) ? values : undefined;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return (
    isObject(value) && Object.values(value).every((field) => typeof field !== 'object' || field === null)
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const scalar = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

/** The parts of one big object are a paragraph each. */
function writeTopLevel(value: unknown, out: DocumentWriter): void {
  if (!isObject(value)) {
    out.paragraph(flatten(value));
    return;
  }
  let plain: string[] = [];
  for (const [key, part] of Object.entries(value)) {
    if (typeof part !== 'object' || part === null) plain.push(`${key}: ${scalar(part)}`);
    else {
      out.paragraph(plain.join('\n'));
      plain = [];
      out.paragraph(flatten(part, key));
    }
  }
  out.paragraph(plain.join('\n'));
}

/** One line a leaf, by a stack and not by recursion: nesting is the file's to choose. */
function flatten(value: unknown, path = ''): string {
  const lines: string[] = [];
  const stack: { value: unknown; path: string }[] = [{ value, path }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { value, path } = next;
    if (typeof value !== 'object' || value === null) {
      if (value !== null && value !== '')
        lines.push(path === '' ? String(value) : `${path}: ${String(value)}`);
    } else {
      const inner = Array.isArray(value)
        ? value.map((item) => ({ value: item, path }))
        : Object.entries(value).map(([key, item]) => ({ value: item, path: child(path, key) }));
      for (let i = inner.length - 1; i >= 0; i--) stack.push(inner[i]!);
    }
  }
  return lines.join('\n');
}

/** Deep paths keep their end: what names the value is close to it. */
function child(path: string, key: string): string {
  const full = path === '' ? key : `${path}.${key}`;
  return full.length > 200 ? `…${full.slice(-199)}` : full;
}
