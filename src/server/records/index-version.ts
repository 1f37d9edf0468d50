import type BetterSqlite3 from 'better-sqlite3';

/**
 * What the stored indexes were made by. Passages cut, analysed or embedded in another way never mix with these.
 *
 * @param version of this program: analyser, chunker and embedder.
 * @throws Error when the installation's indexes were made by another one.
 */
export function keepIndexVersion(raw: BetterSqlite3.Database, version: string): void {
  raw
    .prepare("insert into settings (name, value) values ('index', ?) on conflict (name) do nothing")
    .run(version);
  const stored = raw.prepare<[], string>("select value from settings where name = 'index'").pluck().get();
  if (stored === version) return;
  throw new Error(
    `The index in ${raw.name} was made by "${stored}" and this release makes "${version}". ` +
      'Start the release that made it, or begin with an empty DATA_DIR and upload again.',
  );
}
