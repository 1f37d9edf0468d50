/**
 * A `content-disposition: attachment` header for a file name in any script: a plain ASCII name for old clients
 * and the exact one in RFC 8187 form (RFC 6266). What comes out is printable ASCII whatever the name holds.
 */
export function attachment(filename: string): string {
  const plain = filename
    .toWellFormed()
    .replace(/[^\x20-\x7e]/gu, '_')
    .replace(/["\\%]/g, '_');
  const exact = encodeURIComponent(filename.toWellFormed()).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${exact}`;
}
