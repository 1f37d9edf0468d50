import type { Kysely } from 'kysely';
import type { Database } from '../ports/schema.ts';
import { keepSetting } from './kept-settings.ts';

/**
 * What the stored passages were made by. Passages cut or analysed in another way never mix with these.
 *
 * @param version of this program: analyser and chunker.
 * @throws Error when the installation's passages were made by another one.
 */
export async function keepIndexVersion(db: Kysely<Database>, version: string): Promise<void> {
  const stored = await keepSetting(db, 'index', version);
  // earlier releases name their one embedding model behind it
  if (stored === version || stored.startsWith(`${version}, `)) return;
  throw new Error(
    `The index of this installation was made by "${stored}" and this release makes "${version}". ` +
      'Start the release that made it, or begin with an empty installation and upload again.',
  );
}
