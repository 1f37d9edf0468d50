import { queryOptions } from '@tanstack/react-query';
import type { ListPage } from '../../../contract/common.ts';
import type { Document } from '../../../contract/documents.ts';
import { read } from '../../client/http.ts';
import * as text from '../../text/text.ts';
import { addFiles } from '../../upload/uploads.ts';

const FILE = '/sample/lindholm-harbour-handbook.md';

/** Whether the sample document can be asked: then its questions have answers. */
export const sampleQuery = () =>
  queryOptions({
    queryKey: ['documents', 'sample'],
    queryFn: async ({ signal }) => {
      const query = { q: text.dashboard.sampleName, status: 'ready', limit: 1 };
      return (await read<ListPage<Document>>('/api/v1/documents', query, signal)).items.length > 0;
    },
  });

/** @throws TypeError when the server is away */
export async function takeSample(): Promise<void> {
  const response = await fetch(FILE);
  const file = new File([await response.blob()], text.dashboard.sampleName, { type: 'text/markdown' });
  await addFiles([file]);
}
