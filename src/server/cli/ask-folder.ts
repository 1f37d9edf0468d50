import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Answer } from '../../contract/query.ts';
import { queryBody } from '../../contract/query.ts';
import { type Installation, openInstallation } from '../app.ts';
import { type Environment, readConfig } from '../config.ts';
import { FORMATS } from '../ingest/formats.ts';
import { createLog } from '../log.ts';
import { followTasks } from './follow-tasks.ts';
import { ensureLocalUser } from './local-user.ts';
import { renderAnswer } from './print-answer.ts';
import { createProgressBar } from './progress-bar.ts';
import { syncFolder } from './sync-folder.ts';
import { walkFolder } from './walk-folder.ts';

/**
 * `ka ask`: brings the folder's own index (in the user's cache) up to date and answers from it.
 * @returns the exit code: 0 answered, 1 a fault, 2 the documents don't say.
 */
export async function askFolder(
  environment: Environment,
  folder: string,
  question: string,
  { json }: { json: boolean },
): Promise<number> {
  const asked = queryBody.safeParse({ query: question });
  if (!asked.success) throw new Error(`The question ${asked.error.issues[0]?.message ?? 'is not valid'}.`);
  const root = await realpath(resolve(folder)).catch(() => {
    throw new Error(`There is no folder ${folder}.`);
  });
  const extensions = new Set(FORMATS.flatMap((format) => format.extensions));
  const files = await walkFolder(root, extensions).catch((error: NodeJS.ErrnoException) => {
    throw new Error(
      error.code === 'ENOTDIR' ? `${folder} is not a folder.` : `${folder} can't be read: ${error.message}`,
    );
  });
  const bar = createProgressBar(process.stderr);
  const config = readConfig({ DATA_DIR: indexFolder(root), ...ownSettings(environment) });
  const installation = await openInstallation(config, {
    originals: { kind: 'in-place' },
    embeddingSessions: config.jobConcurrency,
    log: createLog('silent'),
  });
  try {
    // the question is embedded while the folder is looked at; without the model it is answered by words
    void installation.warmUp().catch(() => {});
    const { db, queue, answering } = installation;
    const { userId, collectionId } = await ensureLocalUser(db);
    const change = await syncFolder(
      {
        db,
        queue,
        userId,
        collectionId,
        prune: true,
        store: async ({ path, sizeBytes }, sha256) => ({ key: path, sizeBytes, sha256 }),
      },
      root,
      files,
      (done, file) => bar.show(done, files.length, `looking at ${file.name}`),
    );
    const failed = await followTasks(db, userId, change.taskIds, bar);
    for (const { filename, error } of failed)
      bar.note(`left out: ${filename}: ${error?.detail ?? 'it could not be read'}`);
    if (files.length === 0) bar.note(`${folder} holds no documents that can be read.`);
    const answer = await lastAnswer(
      answering.ask(userId, asked.data, new AbortController().signal, { whole: true }),
    );
    process.stdout.write(
      json ? `${JSON.stringify(answer, undefined, 2)}\n` : `\n${renderAnswer(answer, columns())}`,
    );
    if (!json) bar.note(`\n${files.length} documents, ${madeBy(answer, installation)}`);
    return answer.answered ? 0 : 2;
  } finally {
    bar.end();
    await installation.close();
  }
}

const columns = (): number => Math.min(100, process.stdout.columns ?? 88);

/** One index a folder, named by its path. */
function indexFolder(root: string): string {
  const cache =
    process.env['XDG_CACHE_HOME'] ??
    (process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache'));
  return join(cache, 'knowledge-assistant', createHash('sha256').update(root).digest('hex').slice(0, 24));
}

/** Settings of the server do not apply to a folder's index, but its share of the memory and its language model do. */
const ownSettings = (environment: Environment): Environment =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => OWN.test(name)));
const OWN = /^(?:MEMORY_LIMIT_MB|JOB_CONCURRENCY|LLM_.*|(?:GEMINI|OPENAI|ANTHROPIC)_API_KEY)$/;

/** How the answer came about, for people. */
function madeBy({ model: name, fallback, timings }: Answer, { model }: Installation): string {
  const took = `in ${Math.round(timings.totalMs)} ms`;
  if (model === undefined) return `answered ${took}`;
  if (fallback === undefined) return `answered by ${name} ${took}`;
  const why = {
    unavailable: `could not be asked (${model.health().detail})`,
    empty: 'said nothing',
    unsupported: 'said nothing that they bear out',
  } as const;
  return `answered ${took} in the documents' own words: ${model.name} ${why[fallback]}`;
}

async function lastAnswer(events: AsyncIterable<{ type: string }>): Promise<Answer> {
  for await (const event of events)
    if (event.type === 'done') return (event as { type: 'done'; answer: Answer }).answer;
  throw new Error('no answer came');
}
