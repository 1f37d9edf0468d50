import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Document } from '../../contract/documents.ts';
import type { Task, TaskItem } from '../../contract/tasks.ts';

const kept = vi.hoisted(() => ({
  keepFile: vi.fn(async () => {}),
  forgetFile: vi.fn(async () => {}),
  keptFiles: vi.fn(async (): Promise<object[]> => []),
  keepTasks: vi.fn(),
  keepNothing: vi.fn(),
  keptTasks: vi.fn((): object[] => []),
}));
vi.mock('./kept-uploads.ts', () => kept);

interface Sending {
  readonly name: string;
  readonly collectionId: string | undefined;
  readonly onSent: (bytes: number) => void;
  readonly signal: AbortSignal;
  readonly settle: PromiseWithResolvers<object>;
}
const sending: Sending[] = [];
vi.mock('../data/uploads.ts', () => ({
  uploadFile(
    file: File,
    collectionId: string | undefined,
    onSent: (bytes: number) => void,
    signal: AbortSignal,
  ) {
    const settle = Promise.withResolvers<object>();
    signal.addEventListener('abort', () => settle.reject(signal.reason));
    sending.push({ name: file.name, collectionId, onSent, signal, settle });
    return settle.promise;
  },
}));
const server = vi.hoisted(() => ({
  reindexDocument: vi.fn(async () => ({ taskId: 't-again' })),
  cancelTaskItem: vi.fn(async (id: string, documentId: string) => ({
    id,
    items: [{ documentId, status: 'cancelled' }],
  })),
  listener: (_: unknown) => {},
}));
vi.mock('../data/documents.ts', () => ({
  documentKeys: { all: ['documents'] },
  reindexDocument: server.reindexDocument,
}));
vi.mock('../data/tasks.ts', () => ({ cancelTaskItem: server.cancelTaskItem }));
vi.mock('../data/account.ts', () => ({
  configQuery: () => ({ queryKey: ['config'], queryFn: async () => ({ maxUploadMb: 1 }) }),
}));
vi.mock('../client/live.ts', () => ({
  onTask: (listener: (task: unknown) => void) => {
    server.listener = listener;
  },
}));
vi.mock('../client/http.ts', () => ({ read: () => new Promise(() => {}) }));

import { ProblemError } from '../client/problem.ts';
import { isOver, uploadQueue } from './upload-queue.ts';

beforeEach(() => {
  sending.length = 0;
  vi.clearAllMocks();
});
afterEach(async () => {
  await uploadQueue.cancelAll();
  await vi.waitFor(() => expect(uploadQueue.get().every(isOver)).toBe(true));
  uploadQueue.clear();
});

const file = (name: string, content = 'text') => new File([content], name);
const states = () => Object.fromEntries(uploadQueue.get().map(({ name, state }) => [name, state.kind]));
const keyOf = (name: string) => uploadQueue.get().find((upload) => upload.name === name)?.key as string;
const stateOf = (name: string) => uploadQueue.get().find((upload) => upload.name === name)?.state;
const sent = async (name: string) =>
  vi.waitFor(() => {
    const found = sending.findLast((each) => each.name === name);
    if (found === undefined) throw new Error(`${name} is not being sent`);
    return found;
  });
const answer = (id: string, fields: Partial<Document> = {}, rest: object = {}) => ({
  document: { id, status: 'queued', ...fields },
  taskId: `t-${id}`,
  duplicate: false,
  ...rest,
});
function tell(documentId: string, item: Partial<TaskItem>) {
  const items = [{ documentId, filename: '', status: 'processing', stage: 'parsing', percent: 10, ...item }];
  server.listener({ id: `t-${documentId}`, items } as unknown as Task);
}
const problem = (status: number, slug = 'x') =>
  new ProblemError({
    type: `urn:ka:error:${slug}`,
    title: 'No',
    status,
    detail: 'Because',
    instance: '',
    requestId: '',
  });

it('sends three at a time, into the collection that was open', async () => {
  uploadQueue.add(
    ['a', 'b', 'c', 'd'].map((name) => file(name)),
    'c1',
  );
  await sent('c');
  expect(states()).toEqual({ a: 'sending', b: 'sending', c: 'sending', d: 'waiting' });
  (await sent('b')).settle.resolve(answer('b'));
  expect((await sent('d')).collectionId).toBe('c1');
  expect(states()).toEqual({ a: 'sending', b: 'processing', c: 'sending', d: 'sending' });
});

it('follows a file from its bytes to the end of the server’s work', async () => {
  uploadQueue.add([file('a', 'x'.repeat(200))]);
  const { onSent, settle } = await sent('a');
  onSent(50);
  expect(stateOf('a')).toEqual({ kind: 'sending', percent: 25 });
  settle.resolve(answer('d1'));
  await vi.waitFor(() => expect(stateOf('a')).toMatchObject({ kind: 'processing', stage: 'queued' }));
  tell('d1', { stage: 'embedding', percent: 60 });
  expect(stateOf('a')).toMatchObject({ kind: 'processing', stage: 'embedding', percent: 60 });
  tell('d1', { status: 'completed' });
  expect(stateOf('a')).toEqual({ kind: 'ready', documentId: 'd1', duplicate: false });
});

it('says why a file could not be read, and has it read again', async () => {
  uploadQueue.add([file('a')]);
  (await sent('a')).settle.resolve(answer('d1'));
  await vi.waitFor(() => expect(stateOf('a')?.kind).toBe('processing'));
  tell('d1', { status: 'failed', error: { type: 'x', title: 'Damaged', detail: 'Save it again.' } });
  expect(stateOf('a')).toMatchObject({ kind: 'failed', title: 'Damaged', detail: 'Save it again.' });
  await uploadQueue.retry(keyOf('a'));
  expect(server.reindexDocument).toHaveBeenCalledWith('d1');
  expect(stateOf('a')).toMatchObject({ kind: 'processing', taskId: 't-again' });
});

it('knows a file that is there already', async () => {
  uploadQueue.add([file('a')]);
  (await sent('a')).settle.resolve(answer('d1', { status: 'ready' }, { taskId: null, duplicate: true }));
  await vi.waitFor(() => expect(stateOf('a')).toEqual({ kind: 'ready', documentId: 'd1', duplicate: true }));
});

it('refuses what is empty or too large without sending it', async () => {
  uploadQueue.add([file('empty', ''), file('large', 'x'.repeat(2 ** 20 + 1))]);
  await vi.waitFor(() => expect(states()).toEqual({ empty: 'rejected', large: 'rejected' }));
  expect(sending).toEqual([]);
  expect(stateOf('large')).toMatchObject({ again: false });
});

it('keeps a file for another try when one may help, and not otherwise', async () => {
  uploadQueue.add([file('busy'), file('refused')]);
  (await sent('busy')).settle.reject(problem(503));
  (await sent('refused')).settle.reject(problem(415));
  await vi.waitFor(() => expect(states()).toEqual({ busy: 'rejected', refused: 'rejected' }));
  expect(stateOf('busy')).toMatchObject({ again: true, detail: 'Because' });
  expect(stateOf('refused')).toMatchObject({ again: false });
  expect(kept.forgetFile).toHaveBeenCalledWith(keyOf('refused'));
  expect(kept.forgetFile).not.toHaveBeenCalledWith(keyOf('busy'));
  await uploadQueue.retry(keyOf('busy'));
  await vi.waitFor(() => expect(sending).toHaveLength(3));
});

it('cancels what waits, what is being sent and what the server works on', async () => {
  uploadQueue.add(['a', 'b', 'c', 'd'].map((name) => file(name)));
  (await sent('a')).settle.resolve(answer('d1'));
  await sent('d');
  uploadQueue.add([file('e')]);
  await uploadQueue.cancel(keyOf('e'));
  expect(stateOf('e')?.kind).toBe('cancelled');
  const { signal } = await sent('b');
  await uploadQueue.cancel(keyOf('b'));
  expect(signal.aborted).toBe(true);
  await vi.waitFor(() => expect(stateOf('b')?.kind).toBe('cancelled'));
  await uploadQueue.cancel(keyOf('a'));
  expect(server.cancelTaskItem).toHaveBeenCalledWith('t-d1', 'd1');
  expect(stateOf('a')?.kind).toBe('cancelled');
});

it('takes up after a reload what was not sent yet, and what the server works on', async () => {
  kept.keptFiles.mockResolvedValueOnce([{ key: 'k1', file: file('unsent'), collectionId: 'c1' }]);
  kept.keptTasks.mockReturnValueOnce([
    { key: 'k2', name: 'worked on', sizeBytes: 3, taskId: 't-d9', documentId: 'd9' },
  ]);
  await uploadQueue.restore();
  expect((await sent('unsent')).collectionId).toBe('c1');
  expect(stateOf('worked on')).toMatchObject({ kind: 'processing', documentId: 'd9' });
  tell('d9', { status: 'completed' });
  expect(stateOf('worked on')?.kind).toBe('ready');
});
