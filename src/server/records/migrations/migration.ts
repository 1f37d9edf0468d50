/** One step forward; there is no way back but a backup. */
export interface Migration {
  /** 1, 2, 3 … without gaps. */
  readonly version: number;
  readonly name: string;
  statements(dialect: DialectWords): readonly string[];
}

/** The few words that differ between the SQL dialects. */
export interface DialectWords {
  readonly blob: string;
  readonly bigint: string;
  /** A 64-bit integer primary key that the database counts up and never uses twice. */
  readonly serial: string;
  /** A 64-bit integer primary key that the caller gives. */
  readonly bigKey: string;
  /** Table option: rows live in the primary key's tree. */
  readonly compact: string;
  sqliteOnly(...statements: string[]): readonly string[];
}

export const sqliteWords: DialectWords = {
  blob: 'blob',
  bigint: 'integer',
  serial: 'integer primary key autoincrement',
  bigKey: 'integer primary key',
  compact: 'without rowid',
  sqliteOnly: (...statements) => statements,
};
