import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { CloudUpload } from 'lucide-react';
import { useEffect, useState } from 'react';
import { collectionsQuery } from '../data/collections.ts';
import * as text from '../text/text.ts';
import { filesOf } from './dropped-files.ts';
import { uploadQueue } from './upload-queue.ts';
import { UploadTray } from './upload-tray.tsx';
import { UrlDialog } from './url-dialog.tsx';

/** Files come in from anywhere on the page: dropped, pasted, chosen. Shows where they are in a corner. */
export function UploadRoom() {
  const collectionId = useOpenCollection();
  const dragging = useFilesIn(collectionId);
  useEffect(() => void uploadQueue.restore(), []);
  return (
    <>
      {dragging ? <DropVeil collectionId={collectionId} /> : null}
      <UploadTray />
      <UrlDialog collectionId={collectionId} />
    </>
  );
}

/** The collection that the library shows takes what is dropped there. */
const useOpenCollection = (): string | undefined => {
  const { collectionId } = useSearch({ strict: false });
  return collectionId;
};

/** Takes what is dropped or pasted. True while files hang over the page. */
function useFilesIn(collectionId: string | undefined): boolean {
  const [dragging, setDragging] = useState(false);
  useEffect(() => {
    const gone = new AbortController();
    const { signal } = gone;
    // enter and leave come for every element below the pointer
    let depth = 0;
    const moved = (to: number) => {
      depth = Math.max(0, to);
      setDragging(depth > 0);
    };
    const over = (event: DragEvent) => {
      if (event.dataTransfer?.types.includes('Files') !== true) return false;
      event.preventDefault();
      return true;
    };
    addEventListener('dragenter', (event) => over(event) && moved(depth + 1), { signal });
    addEventListener('dragover', over, { signal });
    addEventListener('dragleave', () => moved(depth - 1), { signal });
    addEventListener(
      'drop',
      (event) => {
        moved(0);
        if (over(event) && event.dataTransfer) void take(event.dataTransfer);
      },
      { signal },
    );
    addEventListener(
      'paste',
      (event) => {
        if (event.clipboardData?.types.includes('Files') !== true) return;
        event.preventDefault();
        void take(event.clipboardData);
      },
      { signal },
    );
    const take = async (data: DataTransfer) => uploadQueue.add(await filesOf(data), collectionId);
    return () => gone.abort();
  }, [collectionId]);
  return dragging;
}

function DropVeil({ collectionId }: { collectionId: string | undefined }) {
  const known = useQueryClient().getQueryState(collectionsQuery().queryKey) !== undefined;
  const { data } = useQuery({ ...collectionsQuery(), enabled: known });
  const name = data?.find(({ id }) => id === collectionId)?.name;
  return (
    <div className="pointer-events-none fixed inset-0 z-60 grid place-items-center bg-veil p-6" aria-hidden>
      <div className="flex flex-col items-center gap-3 rounded-xl border-2 border-dashed border-accent-text bg-surface px-12 py-10 text-center shadow-high">
        <CloudUpload className="size-10 text-accent-text" />
        <p className="text-lg font-semibold">{text.upload.dropHere}</p>
        <p className="text-muted">{text.upload.dropHint(name)}</p>
      </div>
    </div>
  );
}
