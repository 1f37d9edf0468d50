import type { Readable } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { uploadFields } from '../../../contract/documents.ts';
import { AppError } from '../../errors.ts';
import { discardLeftover } from '../leftover-body.ts';
import { type FormFile, readMultipart } from '../multipart.ts';

/** What a form has beside its one file: fields, headers and boundaries. */
const FORM_BYTES = 1024 * 1024;

/** @throws AppError DOCUMENT_TOO_LARGE when the announced length leaves no doubt: before any of it is stored. */
export function refuseTooLong(request: FastifyRequest, maxBytes: number): void {
  if (Number(request.headers['content-length'] ?? 0) <= maxBytes + FORM_BYTES) return;
  discardLeftover(request.raw);
  throw new AppError('DOCUMENT_TOO_LARGE', `A file may have at most ${maxBytes / 1024 / 1024} MB.`);
}

export type UploadFields = z.output<typeof uploadFields>;

/**
 * Reads an upload's form: `take` gets each part named `file` while it arrives, with the fields that came
 * before it. When anything fails, the rest of the body is dropped, so that the client sees the answer.
 *
 * @returns all fields, wherever they stood.
 * @throws AppError VALIDATION for fields that are not valid or when there is no file.
 */
export async function receiveForm(
  request: FastifyRequest,
  take: (file: FormFile, fieldsBefore: UploadFields) => Promise<void>,
): Promise<UploadFields> {
  const fields = new Map<string, string[]>();
  let files = 0;
  try {
    for await (const part of readMultipart(request.body as Readable, request.headers['content-type'] ?? '')) {
      if (part.kind === 'field') fields.set(part.name, [...(fields.get(part.name) ?? []), part.value]);
      else if (part.name === 'file') {
        files++;
        await take(part, readFields(fields));
      }
    }
    const read = readFields(fields);
    if (files === 0)
      throw invalid([{ path: 'file', message: 'is missing: send the document in a part of this name' }]);
    return read;
  } catch (error) {
    discardLeftover(request.raw);
    throw error;
  }
}

function readFields(fields: ReadonlyMap<string, readonly string[]>): UploadFields {
  const one = (name: string) => fields.get(name)?.at(-1)?.trim() || undefined;
  const result = uploadFields.safeParse({
    collectionId: one('collectionId'),
    title: one('title'),
    tags: fields.has('tags') ? (fields.get('tags') ?? []).flatMap(readTags) : undefined,
  });
  if (result.success) return result.data;
  throw invalid(result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })));
}

/** Tags come as repeated fields, separated by commas, or as a JSON array. */
function readTags(text: string): unknown[] {
  if (text.trimStart().startsWith('[')) {
    try {
      const list: unknown = JSON.parse(text);
      if (Array.isArray(list)) return list;
    } catch {
      // a tag that begins with a bracket
    }
  }
  return text
    .split(',')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

export const invalid = (fields: readonly { path: string; message: string }[]) =>
  new AppError('VALIDATION', fields.map(({ path, message }) => `${path} ${message}`).join('; '), { fields });
