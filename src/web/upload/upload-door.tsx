import { useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState, useSyncExternalStore } from 'react';
import { filesOf } from './dropped-files.ts';
import { addFiles, roomWanted } from './uploads.ts';

const UploadRoom = lazy(() => import('./upload-room.tsx').then((room) => ({ default: room.UploadRoom })));

/**
 * Files come in from anywhere on the page: dropped, pasted, chosen. What shows them is loaded with the first one, or
 * when some are still on their way from before a reload.
 */
export function UploadDoor() {
  const collectionId = useOpenCollection();
  const dragging = useFilesIn(collectionId);
  const wanted = useSyncExternalStore(roomWanted.subscribe, roomWanted.get);
  if (!wanted && !dragging) return null;
  return (
    <Suspense>
      <UploadRoom dragging={dragging} collectionId={collectionId} />
    </Suspense>
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
    const take = async (data: DataTransfer) => addFiles(await filesOf(data), { collectionId });
    return () => gone.abort();
  }, [collectionId]);
  return dragging;
}
