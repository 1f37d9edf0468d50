import type { Document } from '../../../contract/documents.ts';
import { originalFile } from '../../data/documents.ts';
import * as text from '../../text/text.ts';
import { toastError } from '../../ui/toast.tsx';

/** Long enough for the browser to have taken the bytes over. */
const KEPT_MS = 60_000;

export async function downloadOriginal({ id, filename }: Pick<Document, 'id' | 'filename'>): Promise<void> {
  try {
    const url = URL.createObjectURL(await originalFile(id));
    const link = window.document.createElement('a');
    link.href = url;
    link.download = filename;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
  } catch (error) {
    toastError(error, text.library.downloadFault);
  }
}
