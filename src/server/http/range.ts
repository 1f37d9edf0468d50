/** Which bytes of a file a request asks for; offsets are inclusive. */
export type RequestedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

/**
 * Reads a `range` header against a file of `size` bytes (RFC 9110, section 14). A header that is not
 * understood is ignored, as the RFC asks. Of several ranges one that covers them all is served: they are few
 * and near each other in practice, and an answer in parts would let a short request multiply a large file.
 */
export function parseRange(header: string | undefined, size: number): RequestedRange {
  const specifiers = header === undefined ? null : /^bytes=([\d\s,-]+)$/i.exec(header.trim())?.[1];
  if (specifiers === null || specifiers === undefined) return { kind: 'whole' };
  let start = Number.POSITIVE_INFINITY;
  let end = -1;
  for (const specifier of specifiers.split(',')) {
    const match = /^(\d*)-(\d*)$/.exec(specifier.trim());
    const [first, last] = [match?.[1] ?? '', match?.[2] ?? ''];
    if (first === '' && last === '') return { kind: 'whole' };
    const from = first === '' ? Math.max(0, size - Number(last)) : Number(first);
    const to = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
    if (first !== '' && last !== '' && Number(last) < Number(first)) return { kind: 'whole' };
    if (from > to) continue;
    start = Math.min(start, from);
    end = Math.max(end, to);
  }
  return end === -1 ? { kind: 'unsatisfiable' } : { kind: 'part', start, end };
}
