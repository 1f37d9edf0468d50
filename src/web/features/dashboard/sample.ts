import * as text from '../../text/text.ts';
import { addFiles } from '../../upload/uploads.ts';

const FILE = '/sample/lindholm-harbour-handbook.md';
const TAKEN = 'ka.sample-taken';

/** Whether this browser took the sample document: then its questions have answers. */
export const hasSample = () => localStorage.getItem(TAKEN) !== null;

/** @throws TypeError when the server is away */
export async function takeSample(): Promise<void> {
  const response = await fetch(FILE);
  const file = new File([await response.blob()], text.dashboard.sampleName, { type: 'text/markdown' });
  await addFiles([file]);
  localStorage.setItem(TAKEN, 'yes');
}
