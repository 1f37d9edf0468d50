import { createReadStream } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Kysely } from 'kysely';
import { openInstallation } from '../app.ts';
import type { Config } from '../config.ts';
import { FORMATS } from '../ingest/formats.ts';
import { createLog } from '../log.ts';
import type { Database } from '../ports/schema.ts';
import { followTasks } from './follow-tasks.ts';
import { createProgressBar } from './progress-bar.ts';
import { syncFolder } from './sync-folder.ts';
import { walkFolder } from './walk-folder.ts';

export interface IngestFolderOptions {
  readonly email: string;
  readonly collection: string;
  readonly prune: boolean;
  readonly json: boolean;
}

/**
 * `ka ingest`: the folder's files become documents of a user. A running server and this command share the work:
 * the jobs are in the database.
 * @returns the exit code: 0, or 1 when some file could not be read.
 */
export async function ingestFolder(
  config: Config,
  folder: string,
  { email, collection, prune, json }: IngestFolderOptions,
): Promise<number> {
  const root = await realpath(resolve(folder)).catch(() => {
    throw new Error(`There is no folder ${folder}.`);
  });
  const files = await walkFolder(root, new Set(FORMATS.flatMap((format) => format.extensions)));
  const bar = createProgressBar(process.stderr);
  const installation = await openInstallation(config, { log: createLog('silent') });
  try {
    const { db, queue } = installation;
    const { userId, collectionId } = await findTarget(db, email, collection);
    const tooLarge = files.filter(({ sizeBytes }) => sizeBytes > config.uploads.maxBytes);
    for (const { name } of tooLarge) bar.note(`left out: ${name}: larger than MAX_UPLOAD_MB allows`);
    const change = await syncFolder(
      {
        db,
        queue,
        userId,
        collectionId,
        prune,
        store: ({ path }) => installation.files.put(createReadStream(path), config.uploads.maxBytes),
      },
      root,
      files.filter((file) => !tooLarge.includes(file)),
      (done, file) => bar.show(done, files.length, `looking at ${file.name}`),
    );
    const failed = await followTasks(db, userId, change.taskIds, bar);
    for (const { filename, error } of failed)
      bar.note(`failed: ${filename}: ${error?.detail ?? 'it could not be read'}`);
    const { added, changed, unchanged, removed } = change;
    if (json)
      console.log(
        JSON.stringify(
          {
            added,
            changed,
            unchanged,
            removed,
            failed: failed.map(({ filename, error }) => ({ filename, error })),
          },
          undefined,
          2,
        ),
      );
    else
      console.log(
        `${added} added, ${changed} changed, ${unchanged} unchanged, ${removed} removed, ${failed.length} failed`,
      );
    return failed.length + tooLarge.length === 0 ? 0 : 1;
  } finally {
    bar.end();
    await installation.close();
  }
}

async function findTarget(
  db: Kysely<Database>,
  email: string,
  name: string,
): Promise<{ userId: string; collectionId: string }> {
  const user = await db
    .selectFrom('users')
    .select('id')
    .where('email', '=', email.trim().toLowerCase())
    .executeTakeFirst();
  if (user === undefined) throw new Error(`There is no user ${email}: register first, or see the spelling.`);
  const own = await db
    .selectFrom('collections')
    .select(['id', 'name'])
    .where('owner_id', '=', user.id)
    .orderBy('created_at')
    .execute();
  const found = own.find((collection) => collection.name === name);
  if (found === undefined)
    throw new Error(`${email} has no collection ${name}; there are: ${own.map((c) => c.name).join(', ')}.`);
  return { userId: user.id, collectionId: found.id };
}
