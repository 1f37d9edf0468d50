import { session } from '../client/session.ts';
import { markKeptUploads, unmarkKeptUploads } from './kept-marker.ts';

/**
 * What a reload must not lose: the files that are not sent yet (IndexedDB) and the tasks that work on the others
 * (session storage). Each tab keeps its own; another person on the same browser never sees them.
 */
interface KeptFile {
  readonly key: string;
  readonly file: File;
  readonly collectionId: string | undefined;
}
interface KeptTask {
  readonly key: string;
  readonly name: string;
  readonly sizeBytes: number | undefined;
  readonly taskId: string;
  readonly documentId: string;
}
interface StoredFile extends KeptFile {
  readonly owner: string;
  readonly addedMs: number;
}

const TASKS = 'ka.upload-tasks';
const TAB = 'ka.tab';
const STORE = 'files';
/** Of a tab that was closed in the middle. */
const TOO_OLD_MS = 24 * 3600_000;
/** A file that takes longer to keep than to send again is not kept. */
const LARGEST_KEPT_BYTES = 200_000_000;

const owner = (): string => {
  const state = session.get();
  let tab = sessionStorage.getItem(TAB);
  if (tab === null) {
    tab = crypto.randomUUID();
    sessionStorage.setItem(TAB, tab);
  }
  return `${'user' in state ? state.user.id : ''}/${tab}`;
};

let opening: Promise<IDBDatabase | undefined> | undefined;
/** Undefined where the browser keeps nothing, as in some private windows: uploads work, a reload loses them. */
function database(): Promise<IDBDatabase | undefined> {
  opening ??= new Promise((resolve) => {
    const request = indexedDB.open('ka-uploads', 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: 'key' });
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => resolve(undefined);
  });
  return opening;
}

/** Undefined when it could not be done: then there is no copy, and nothing else is harmed. */
async function run<T>(
  mode: IDBTransactionMode,
  work: (files: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
  const db = await database();
  if (db === undefined) return undefined;
  return new Promise((resolve) => {
    try {
      const transaction = db.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => resolve(undefined);
    } catch {
      resolve(undefined);
    }
  });
}

export async function keepFile(kept: KeptFile): Promise<void> {
  if (kept.file.size > LARGEST_KEPT_BYTES) return;
  markKeptUploads();
  const stored: StoredFile = { ...kept, owner: owner(), addedMs: Date.now() };
  await run('readwrite', (files) => files.put(stored));
}

export async function forgetFile(key: string): Promise<void> {
  await run('readwrite', (files) => files.delete(key));
}

/** This tab's, oldest first. What other tabs left behind long ago goes. */
export async function keptFiles(): Promise<KeptFile[]> {
  const all = ((await run('readonly', (files) => files.getAll())) ?? []) as StoredFile[];
  for (const { key, addedMs } of all) if (Date.now() - addedMs > TOO_OLD_MS) await forgetFile(key);
  const own = owner();
  return all.filter((file) => file.owner === own).sort((a, b) => a.addedMs - b.addedMs);
}

export function keepTasks(tasks: readonly KeptTask[]): void {
  sessionStorage.setItem(TASKS, JSON.stringify({ owner: owner(), tasks }));
  if (tasks.length > 0) markKeptUploads();
}

/** Nothing is on its way any more. */
export const keepNothing = unmarkKeptUploads;

export function keptTasks(): readonly KeptTask[] {
  try {
    const kept = JSON.parse(sessionStorage.getItem(TASKS) ?? '{}') as { owner?: string; tasks?: KeptTask[] };
    return kept.owner === owner() ? (kept.tasks ?? []) : [];
  } catch {
    return [];
  }
}
