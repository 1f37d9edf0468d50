import type { Document } from '../../contract/documents.ts';
import { change } from '../client/http.ts';
import { sendForm } from '../client/send-form.ts';

export interface Uploaded {
  readonly document: Document;
  /** The task that works on it; null when nothing is left to do. */
  readonly taskId: string | null;
  /** The same bytes were in the collection already. */
  readonly duplicate: boolean;
}

/** @throws as `sendForm` */
export async function uploadFile(
  file: File,
  collectionId: string | undefined,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Uploaded> {
  const form = new FormData();
  // before the file, so that the server can refuse it without taking its bytes
  if (collectionId !== undefined) form.append('collectionId', collectionId);
  form.append('file', file, file.name);
  const response = await sendForm('/api/v1/documents', form, onSent, signal);
  return { ...((await response.json()) as Omit<Uploaded, 'duplicate'>), duplicate: response.status === 200 };
}

/** @throws as `change` */
export async function uploadFromUrl(
  url: string,
  collectionId: string | undefined,
  signal: AbortSignal,
): Promise<Uploaded> {
  const body = { url, ...(collectionId === undefined ? {} : { collectionId }) };
  const uploaded = await change<Omit<Uploaded, 'duplicate'>>('POST', '/api/v1/documents/url', body, {
    signal,
  });
  return { ...uploaded, duplicate: uploaded.taskId === null };
}
