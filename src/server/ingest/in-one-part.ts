import type { ParsedPart } from '../ports/parser.ts';

/** The whole document, once its last part is there. */
export async function inOnePart(parts: AsyncIterable<ParsedPart>): Promise<ParsedPart> {
  const all = await Array.fromAsync(parts);
  const last = all.at(-1);
  if (last?.last !== true) throw new Error('the reading ended before the last part');
  return all.length === 1 ? last : { ...last, pages: all.flatMap(({ pages }) => pages) };
}
