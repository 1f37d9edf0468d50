import type { Compilable, CompiledQuery, Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';

/**
 * A look-up that is built and compiled once for each connection: doing so takes as long as running it, which
 * counts where every request does it.
 *
 * @param build makes the statement; `value` is its only parameter.
 * @returns runs it with a value and gives the first row.
 */
export function compiledLookUp<Row>(
  build: (db: Kysely<Database>, value: string) => Compilable<Row>,
): (db: Kysely<Database>, value: string) => Promise<Row | undefined> {
  const compiled = new WeakMap<Kysely<Database>, CompiledQuery<Row>>();
  return async (db, value) => {
    let query = compiled.get(db);
    if (query === undefined) {
      query = build(db, value).compile();
      if (query.parameters.length !== 1) throw new Error('a compiled look-up has one parameter');
      compiled.set(db, query);
    }
    const { rows } = await db.executeQuery<Row>({ ...query, parameters: [value] });
    return rows[0];
  };
}
