import { useQuery, useQueryClient } from '@tanstack/react-query';
import { CloudUpload } from 'lucide-react';
import { useEffect } from 'react';
import { collectionsQuery } from '../data/collections.ts';
import * as text from '../text/text.ts';
import { uploadQueue } from './upload-queue.ts';
import { UploadTray } from './upload-tray.tsx';
import { UrlDialog } from './url-dialog.tsx';

/** Where files are on their way in: a corner that lists them, a veil while some hang over the page. */
export function UploadRoom({
  dragging,
  collectionId,
}: {
  dragging: boolean;
  collectionId: string | undefined;
}) {
  useEffect(() => void uploadQueue.restore(), []);
  return (
    <>
      {dragging ? <DropVeil collectionId={collectionId} /> : null}
      <UploadTray />
      <UrlDialog collectionId={collectionId} />
    </>
  );
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
