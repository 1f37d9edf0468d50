import type { Task } from '../../contract/tasks.ts';
import { read } from '../client/http.ts';
import { onTask } from '../client/live.ts';
import { isAbort, messageOf, ProblemError } from '../client/problem.ts';
import { queryClient } from '../client/query-client.ts';
import { createStore } from '../client/store.ts';
import { configQuery } from '../data/account.ts';
import { documentKeys, reindexDocument } from '../data/documents.ts';
import { cancelTaskItem } from '../data/tasks.ts';
import { type Uploaded, uploadFile, uploadFromUrl } from '../data/uploads.ts';
import { formatBytes } from '../text/format.ts';
import * as text from '../text/text.ts';
import { forgetFile, keepFile, keepNothing, keepTasks, keptFiles, keptTasks } from './kept-uploads.ts';

/** More at a time would only share the same line, and take connections from the rest of the page. */
const AT_A_TIME = 3;

type Source = { readonly file: File } | { readonly url: string };

/** One file on its way in. What a person can do with it depends on `state`. */
export interface Upload {
  readonly key: string;
  readonly name: string;
  readonly sizeBytes: number | undefined;
  readonly collectionId: string | undefined;
  readonly state: UploadState;
}
export type UploadState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'sending'; readonly percent: number | undefined }
  | {
      readonly kind: 'processing';
      readonly documentId: string;
      readonly taskId: string;
      readonly stage: string;
      readonly percent: number;
    }
  | { readonly kind: 'ready'; readonly documentId: string; readonly duplicate: boolean }
  /** The server took the file and could not read it. */
  | { readonly kind: 'failed'; readonly documentId: string; readonly title: string; readonly detail: string }
  /** It never got in. `again`: whether sending it once more may help. */
  | { readonly kind: 'rejected'; readonly title: string; readonly detail: string; readonly again: boolean }
  | { readonly kind: 'cancelled' };

export const isOver = ({ state }: Upload): boolean =>
  state.kind !== 'waiting' && state.kind !== 'sending' && state.kind !== 'processing';

/** Every upload since the tray was last cleared, in the order in which they were added. */
const uploads = createStore<readonly Upload[]>([]);
const sources = new Map<string, Source>();
const stops = new Map<string, AbortController>();

const find = (key: string) => uploads.get().find((upload) => upload.key === key);
const setState = (key: string, state: UploadState) =>
  uploads.set(uploads.get().map((upload) => (upload.key === key ? { ...upload, state } : upload)));

function enqueue(added: readonly { source: Source; collectionId: string | undefined; key?: string }[]): void {
  const next = added.map(({ source, collectionId, key = crypto.randomUUID() }): Upload => {
    sources.set(key, source);
    return 'file' in source
      ? { key, name: source.file.name, sizeBytes: source.file.size, collectionId, state: { kind: 'waiting' } }
      : { key, name: source.url, sizeBytes: undefined, collectionId, state: { kind: 'waiting' } };
  });
  uploads.set([...uploads.get(), ...next]);
  for (const { key } of next) {
    const source = sources.get(key);
    const collectionId = find(key)?.collectionId;
    if (source !== undefined && 'file' in source) void keepFile({ key, file: source.file, collectionId });
  }
  pump();
}

/** Starts what waits while there is room. */
function pump(): void {
  for (const { key, state } of uploads.get()) {
    if (stops.size >= AT_A_TIME) return;
    if (state.kind === 'waiting' && !stops.has(key)) void work(key);
  }
}

async function work(key: string): Promise<void> {
  const upload = find(key);
  const source = sources.get(key);
  if (upload === undefined || source === undefined) return;
  const stop = new AbortController();
  stops.set(key, stop);
  setState(key, { kind: 'sending', percent: 'file' in source ? 0 : undefined });
  try {
    const refusal = 'file' in source ? await refusalOf(source.file) : undefined;
    if (refusal !== undefined) setState(key, refusal);
    else taken(key, await transfer(key, upload, source, stop.signal));
  } catch (error) {
    setState(key, isAbort(error) ? { kind: 'cancelled' } : rejection(error));
  } finally {
    stops.delete(key);
    const state = find(key)?.state;
    // kept for another try where one may help
    if (!(state?.kind === 'rejected' && state.again)) {
      sources.delete(key);
      void forgetFile(key);
    }
    pump();
  }
}

function transfer(key: string, upload: Upload, source: Source, signal: AbortSignal): Promise<Uploaded> {
  if ('url' in source) return uploadFromUrl(source.url, upload.collectionId, signal);
  return uploadFile(
    source.file,
    upload.collectionId,
    (bytes) =>
      setState(key, {
        kind: 'sending',
        percent: Math.min(100, (bytes / Math.max(1, source.file.size)) * 100),
      }),
    signal,
  );
}

/** What the server would refuse after all its bytes. */
async function refusalOf(file: File): Promise<UploadState | undefined> {
  if (file.size === 0)
    return {
      kind: 'rejected',
      title: text.upload.emptyFile,
      detail: text.upload.emptyFileDetail,
      again: false,
    };
  const { maxUploadMb } = await queryClient.ensureQueryData(configQuery());
  // the server counts megabytes of 2^20 bytes
  if (file.size <= maxUploadMb * 2 ** 20) return undefined;
  const detail = text.upload.tooLargeDetail(formatBytes(file.size), formatBytes(maxUploadMb * 2 ** 20));
  return { kind: 'rejected', title: text.upload.tooLarge, detail, again: false };
}

function rejection(error: unknown): UploadState {
  if (error instanceof ProblemError) {
    const { title, detail } = error.problem;
    return {
      kind: 'rejected',
      title,
      detail,
      again: error.status >= 500 || error.status === 429 || error.slug === 'quota-exceeded',
    };
  }
  return { kind: 'rejected', title: text.upload.notSent, detail: messageOf(error), again: true };
}

function taken(key: string, { document, taskId, duplicate }: Uploaded): void {
  if (document.status === 'failed')
    setState(key, {
      kind: 'failed',
      documentId: document.id,
      title: document.error?.title ?? '',
      detail: document.error?.detail ?? '',
    });
  else if (taskId === null || document.status === 'ready')
    setState(key, { kind: 'ready', documentId: document.id, duplicate });
  else setState(key, { kind: 'processing', documentId: document.id, taskId, stage: 'queued', percent: 0 });
  rememberTasks();
  void queryClient.invalidateQueries({ queryKey: documentKeys.all });
  // a short document may have been done before its answer came
  if (taskId !== null) void read<Task>(`/api/v1/tasks/${taskId}`).then(told, () => undefined);
}

function told(task: Task): void {
  let changed = false;
  for (const item of task.items) {
    const upload = uploads
      .get()
      .find(
        ({ state }) =>
          'documentId' in state &&
          state.documentId === item.documentId &&
          (state.kind === 'processing' || state.kind === 'failed'),
      );
    if (upload === undefined) continue;
    changed = true;
    switch (item.status) {
      case 'queued':
      case 'processing':
        setState(upload.key, {
          kind: 'processing',
          documentId: item.documentId,
          taskId: task.id,
          stage: item.stage,
          percent: item.percent,
        });
        break;
      case 'completed':
        setState(upload.key, { kind: 'ready', documentId: item.documentId, duplicate: false });
        break;
      case 'failed':
        setState(upload.key, {
          kind: 'failed',
          documentId: item.documentId,
          title: item.error?.title ?? '',
          detail: item.error?.detail ?? '',
        });
        break;
      case 'cancelled':
        setState(upload.key, { kind: 'cancelled' });
        break;
      default:
        item.status satisfies never;
    }
  }
  if (changed) rememberTasks();
}

/** A reload finds these again by the ids of their tasks. */
function rememberTasks(): void {
  keepTasks(
    uploads
      .get()
      .flatMap(({ key, name, sizeBytes, state }) =>
        state.kind === 'processing'
          ? [{ key, name, sizeBytes, taskId: state.taskId, documentId: state.documentId }]
          : [],
      ),
  );
}

async function restore(): Promise<void> {
  const isNew = ({ key }: { key: string }) => find(key) === undefined;
  const tasks = keptTasks().filter(isNew);
  uploads.set([
    ...tasks.map(
      ({ key, name, sizeBytes, taskId, documentId }): Upload => ({
        key,
        name,
        sizeBytes,
        collectionId: undefined,
        state: { kind: 'processing', documentId, taskId, stage: 'queued', percent: 0 },
      }),
    ),
    ...uploads.get(),
  ]);
  for (const taskId of new Set(tasks.map((kept) => kept.taskId)))
    void read<Task>(`/api/v1/tasks/${taskId}`).then(told, (error: unknown) => {
      if (error instanceof ProblemError && error.status === 404)
        uploads.set(
          uploads.get().filter(({ state }) => !(state.kind === 'processing' && state.taskId === taskId)),
        );
    });
  const files = (await keptFiles()).filter(isNew);
  enqueue(files.map(({ key, file, collectionId }) => ({ source: { file }, collectionId, key })));
  if (uploads.get().length === 0) keepNothing();
}

export const uploadQueue = {
  get: uploads.get,
  subscribe: uploads.subscribe,
  add: (files: readonly File[], collectionId?: string) =>
    enqueue(files.map((file) => ({ source: { file }, collectionId }))),
  addUrl: (url: string, collectionId?: string) => enqueue([{ source: { url }, collectionId }]),

  /** Stops the sending, or the work of the server. */
  async cancel(key: string): Promise<void> {
    const upload = find(key);
    if (upload?.state.kind === 'waiting') {
      setState(key, { kind: 'cancelled' });
      sources.delete(key);
      await forgetFile(key);
    } else if (upload?.state.kind === 'sending') stops.get(key)?.abort();
    else if (upload?.state.kind === 'processing')
      told(await cancelTaskItem(upload.state.taskId, upload.state.documentId));
  },
  async cancelAll(): Promise<void> {
    const open = uploads.get().filter((upload) => !isOver(upload));
    await Promise.all(open.map(({ key }) => uploadQueue.cancel(key)));
  },
  async retry(key: string): Promise<void> {
    const upload = find(key);
    if (upload?.state.kind === 'failed') {
      const { documentId } = upload.state;
      const { taskId } = await reindexDocument(documentId);
      setState(key, { kind: 'processing', documentId, taskId, stage: 'queued', percent: 0 });
      rememberTasks();
    } else if (sources.has(key)) {
      setState(key, { kind: 'waiting' });
      pump();
    }
  },
  /** Takes what is over out of the tray. */
  clear(): void {
    for (const upload of uploads.get().filter(isOver)) {
      sources.delete(upload.key);
      void forgetFile(upload.key);
    }
    uploads.set(uploads.get().filter((upload) => !isOver(upload)));
    if (uploads.get().length === 0) keepNothing();
  },
  restore,
};

onTask(told);
