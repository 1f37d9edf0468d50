import type BetterSqlite3 from 'better-sqlite3';

export interface TableSize {
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of the indexes that SQLite keeps for it. */
  readonly indexBytes: number;
}

/** Pages by what they belong to, the largest table first. Reads the whole file once. */
export function tableSizes(raw: BetterSqlite3.Database): TableSize[] {
  const sizes = raw
    .prepare<[], { name: string; type: 'table' | 'index'; bytes: number }>(
      `select s.tbl_name as name, s.type as type, sum(d.pgsize) as bytes
       from dbstat d join sqlite_schema s on s.name = d.name
       where d.aggregate = true and s.type in ('table', 'index') group by 1, 2`,
    )
    .all();
  return raw
    .prepare<[], string>("select name from sqlite_schema where type = 'table' and rootpage > 0")
    .pluck()
    .all()
    .map((name) => {
      const of = (type: 'table' | 'index') =>
        sizes.find((size) => size.name === name && size.type === type)?.bytes ?? 0;
      const rows = raw.prepare<[], number>(`select count(*) from "${name}"`).pluck().get() ?? 0;
      return { name, rows, bytes: of('table'), indexBytes: of('index') };
    })
    .sort((a, b) => b.bytes + b.indexBytes - a.bytes - a.indexBytes);
}

/** Bytes of pages that are free for what comes. */
export function freeBytes(raw: BetterSqlite3.Database): number {
  const pages = (name: string) => raw.pragma(name, { simple: true }) as number;
  return pages('freelist_count') * pages('page_size');
}
