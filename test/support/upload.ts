import type { LightMyRequestResponse } from 'fastify';
import type { Document } from '../../src/contract/documents.ts';
import type { TestApp, Who } from './http.ts';

export type Part =
  | { readonly field: string; readonly value: string }
  | {
      readonly filename: string;
      readonly content: string | Buffer;
      readonly name?: string;
      readonly type?: string;
    };

const BOUNDARY = 'ka-test-boundary';
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`;

/** A form as it goes over the wire; names are written as they are, however hostile. */
export function formBody(parts: readonly Part[]): Buffer {
  const pieces = parts.flatMap((part) => {
    const head =
      'field' in part
        ? `Content-Disposition: form-data; name="${part.field}"\r\n\r\n`
        : `Content-Disposition: form-data; name="${part.name ?? 'file'}"; filename="${part.filename}"\r\nContent-Type: ${part.type ?? 'text/plain'}\r\n\r\n`;
    const content = 'field' in part ? part.value : part.content;
    return [Buffer.from(`--${BOUNDARY}\r\n${head}`), Buffer.from(content as string), Buffer.from('\r\n')];
  });
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

export const sendForm = (
  app: TestApp,
  who: Who,
  parts: readonly Part[],
  { url = '/api/v1/documents', headers = {} }: { url?: string; headers?: Record<string, string> } = {},
): Promise<LightMyRequestResponse> =>
  app.inject({
    method: 'POST',
    url,
    headers: {
      ...(who ? { authorization: `Bearer ${who.token}` } : {}),
      'content-type': FORM_TYPE,
      ...headers,
    },
    payload: formBody(parts),
  });

/** Uploads one text file and returns its document. */
export async function uploadText(
  app: TestApp,
  who: Who,
  content: string,
  { filename = 'note.txt', collectionId }: { filename?: string; collectionId?: string } = {},
): Promise<Document> {
  const place = collectionId === undefined ? [] : [{ field: 'collectionId', value: collectionId }];
  const response = await sendForm(app, who, [...place, { filename, content }]);
  if (response.statusCode !== 202)
    throw new Error(`the upload answered ${response.statusCode}: ${response.body}`);
  return response.json<{ document: Document }>().document;
}
