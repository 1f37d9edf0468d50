import type { Document } from '../contract/documents.ts';
import type { Task } from '../contract/tasks.ts';
import {
  followTask,
  listDocuments,
  originalFile,
  type PublicConfig,
  removeDocument,
  uploadFiles,
} from './api.ts';
import { element } from './element.ts';

/** The list of documents and the place to drop new ones. */
export function libraryView(
  config: PublicConfig,
  onOpen: (document: Document) => void,
): { root: HTMLElement; close(): void } {
  const closed = new AbortController();
  const list = element('ul', { class: 'documents', 'aria-label': 'Documents' });
  const news = element('div', { class: 'news', role: 'status', 'aria-live': 'polite' });
  const progress = new Map<string, string>();
  const extensions = config.formats.flatMap((format) => format.extensions);
  const input = element('input', {
    type: 'file',
    id: 'files',
    multiple: true,
    class: 'visually-hidden',
    onchange: () => {
      if (input.files !== null) void upload([...input.files]);
      input.value = '';
    },
  });
  const drop = element(
    'label',
    { for: 'files', class: 'drop' },
    element('strong', {}, 'Add documents'),
    ` or drop them here (up to ${config.maxUploadMb} MB each)`,
  );
  const root = element(
    'section',
    { class: 'library', 'aria-label': 'Library' },
    element('h2', {}, 'Documents'),
    input,
    drop,
    element('details', { class: 'hint' }, element('summary', {}, 'Formats'), extensions.join(', ')),
    news,
    list,
  );
  root.addEventListener('dragover', (event) => {
    event.preventDefault();
    root.classList.add('dropping');
  });
  root.addEventListener('dragleave', () => root.classList.remove('dropping'));
  root.addEventListener('drop', (event) => {
    event.preventDefault();
    root.classList.remove('dropping');
    void upload([...(event.dataTransfer?.files ?? [])]);
  });

  const say = (...lines: string[]) => news.replaceChildren(...lines.map((line) => element('p', {}, line)));
  const faultOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

  async function upload(files: File[]): Promise<void> {
    if (files.length === 0) return;
    say(`Uploading ${files.length === 1 ? (files[0]?.name ?? '') : `${files.length} files`}…`);
    try {
      const result = await uploadFiles(files);
      say(
        ...result.rejected.map(({ filename, problem }) => `${filename}: ${problem.detail || problem.title}`),
      );
      await refresh();
      await followTask(result.taskId, (task) => void show(task), closed.signal);
    } catch (error) {
      if (!closed.signal.aborted) say(faultOf(error));
    }
    await refresh();
  }

  async function show(task: Task): Promise<void> {
    for (const item of task.items)
      progress.set(
        item.documentId,
        item.status === 'processing' ? `${item.stage} ${item.percent} %` : item.status,
      );
    await refresh();
  }

  async function refresh(): Promise<void> {
    if (closed.signal.aborted) return;
    const { items, total } = await listDocuments();
    if (items.length === 0) {
      list.replaceChildren(
        element(
          'li',
          { class: 'empty' },
          'Nothing here yet. Add a PDF, a Word file or a note, then ask about it.',
        ),
      );
      return;
    }
    list.replaceChildren(...items.map(row));
    if (total > items.length)
      list.append(element('li', { class: 'empty' }, `and ${total - items.length} more`));
  }

  function row(document: Document): HTMLElement {
    const state =
      document.status === 'ready' || document.status === 'failed'
        ? document.status
        : (progress.get(document.id) ?? document.status);
    const remove = async () => {
      if (!confirm(`Delete “${document.title}”? Its text and its passages go with it.`)) return;
      await removeDocument(document.id).catch((error: unknown) => say(faultOf(error)));
      await refresh();
    };
    return element(
      'li',
      {},
      element(
        'button',
        { class: 'name', onclick: () => onOpen(document), disabled: document.pages === 0 },
        document.title,
      ),
      element(
        'span',
        { class: `state ${document.status}` },
        state === 'ready' ? `${document.pages} p.` : state,
      ),
      element(
        'button',
        {
          class: 'icon',
          'aria-label': `Save the original of ${document.title}`,
          onclick: () => void save(document),
        },
        '↓',
      ),
      element(
        'button',
        { class: 'icon', 'aria-label': `Delete ${document.title}`, onclick: () => void remove() },
        '×',
      ),
      document.error !== undefined && element('p', { class: 'fault' }, document.error.detail),
    );
  }

  async function save(document: Document): Promise<void> {
    try {
      const address = URL.createObjectURL(await originalFile(document.id));
      element('a', { href: address, download: document.filename }).click();
      setTimeout(() => URL.revokeObjectURL(address), 10_000);
    } catch (error) {
      say(faultOf(error));
    }
  }

  refresh().catch((error: unknown) => say(faultOf(error)));
  return { root, close: () => closed.abort() };
}
