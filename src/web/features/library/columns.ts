/** Wide enough for a table; below, documents are cards. */
export const TABLE_WIDTH = 720;

export interface Columns {
  readonly collection: boolean;
  readonly tags: boolean;
  readonly size: boolean;
  /** For `grid-template-columns`, the same in the head and in every row. */
  readonly template: string;
}

/** The columns for which a width has room; the least needed go first. */
export function columnsFor(width: number, manyCollections: boolean): Columns {
  const collection = manyCollections && width >= 1080;
  const tags = width >= 940;
  const size = width >= 780;
  const template = [
    '2.75rem',
    'minmax(0, 1fr)',
    '10rem',
    collection && '9rem',
    tags && '11rem',
    size && '5.5rem',
    '7.5rem',
    '3rem',
  ]
    .filter(Boolean)
    .join(' ');
  return { collection, tags, size, template };
}
