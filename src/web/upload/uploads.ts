import { createStore } from '../client/store.ts';
import { hasKeptUploads } from './kept-marker.ts';

/** Whether the upload room has something to show. */
export const roomWanted = createStore(hasKeptUploads());

/** What other rooms call; the queue itself comes with the first use. */
const queue = () => {
  roomWanted.set(true);
  return import('./upload-queue.ts');
};

interface Into {
  /** Absent: the person's first collection. */
  readonly collectionId?: string | undefined;
}

export async function addFiles(files: readonly File[], into: Into = {}): Promise<void> {
  if (files.length > 0) (await queue()).uploadQueue.add(files, into.collectionId);
}

export async function addUrl(url: string, into: Into = {}): Promise<void> {
  (await queue()).uploadQueue.addUrl(url, into.collectionId);
}

/** Has to be called from a click or a key press. */
export const openFilePicker = (into: Into = {}) => pick(into, false);
export const openFolderPicker = (into: Into = {}) => pick(into, true);

function pick(into: Into, folder: boolean): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.webkitdirectory = folder;
  input.onchange = () => void addFiles(withoutHidden([...(input.files ?? [])]), into);
  input.click();
}

/** `.DS_Store` and its like come with folders, and nobody means them. */
export const withoutHidden = (files: readonly File[]): File[] =>
  files.filter(
    ({ name, webkitRelativePath }) =>
      !(webkitRelativePath || name).split('/').some((part) => part.startsWith('.')),
  );

/** Where the dialog for an address is open; undefined when it is closed. */
export const urlDialog = createStore<Into | undefined>(undefined);
export const openUrlDialog = (into: Into = {}) => {
  roomWanted.set(true);
  urlDialog.set(into);
};
