/** Whether the client has what `etag` names, by its `if-none-match` (RFC 9110, 13.1.2): weak tags count as strong ones. */
export const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.split(',').some((tag) => {
    const known = tag.trim();
    return known === '*' || known.replace(/^W\//, '') === etag;
  }) ?? false;
