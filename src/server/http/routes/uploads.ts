import { z } from 'zod';
import type { Problem } from '../../../contract/common.ts';
import {
  uploadBatchForm,
  uploaded,
  uploadedBatch,
  uploadedBefore,
  uploadForm,
  urlBody,
} from '../../../contract/documents.ts';
import { AppError } from '../../errors.ts';
import { homeCollection } from '../../records/collections.ts';
import { toDocument } from '../../records/documents.ts';
import { createEmptyTask } from '../../records/empty-task.ts';
import type { Taken } from '../../records/intake.ts';
import type { App } from '../app-types.ts';
import type { Caller } from '../auth.ts';
import { clientGone } from '../client-gone.ts';
import { needCollection } from '../collection-access.ts';
import { displayName } from '../documents/display-name.ts';
import { pageFilename, withTitle } from '../documents/fetched-page.ts';
import { invalid, receiveForm, refuseTooLong, type UploadFields } from '../documents/receive-form.ts';
import { createStoring, type ReceivedFile } from '../documents/storing.ts';
import { fetchPage } from '../fetch-url.ts';
import type { FormFile } from '../multipart.ts';
import { problemOf } from '../problem.ts';
import type { Services } from '../services.ts';

export function registerUploadRoutes(app: App, services: Services): void {
  const { config, db, fetchGuard } = services;
  const { maxBatchFiles } = config.uploads;
  const storing = createStoring({ ...services, limits: config.uploads });

  /** Where the upload goes: the collection named, else the caller's oldest own one. */
  const destination = async (caller: Caller, collectionId: string | undefined): Promise<string> =>
    collectionId === undefined
      ? (await homeCollection(db, caller.userId)).id
      : (await needCollection(db, caller, collectionId, 'editor')).id;

  /** Runs `work` and removes what it stored when it fails. */
  const keepingNothing = async <T>(work: (received: ReceivedFile[]) => Promise<T>): Promise<T> => {
    const received: ReceivedFile[] = [];
    try {
      return await work(received);
    } catch (error) {
      await storing.drop(received);
      throw error;
    }
  };

  // the handlers read a form while it arrives; no other route takes one
  app.register(async (forms: App) => {
    forms.addContentTypeParser('multipart/form-data', (_request, body, done) => done(null, body));

    forms.post(
      '/api/v1/documents',
      {
        config: { access: 'write', heavy: true, form: formSchema(uploadForm) },
        schema: { response: { 200: uploadedBefore, 202: uploaded } },
      },
      async (request, reply) => {
        const { caller } = request;
        refuseTooLong(request, config.uploads.maxBytes);
        const taken = await keepingNothing(async (received) => {
          const fields = await receiveForm(request, async (file, before) => {
            if (received.length > 0)
              throw invalid([
                { path: 'file', message: 'comes twice: send many files to /api/v1/documents/batch' },
              ]);
            // refused before its bytes are taken, where the form's order allows it
            if (before.collectionId !== undefined) await destination(caller, before.collectionId);
            received.push(asReceived(file, await storing.store(caller.userId, file.content)));
          });
          const described = received.map((file) => ({ ...file, ...descriptionOf(fields) }));
          return storing.takeIn(caller.userId, await destination(caller, fields.collectionId), described);
        });
        const { duplicate, body } = single(taken);
        return reply.code(duplicate ? 200 : 202).send(body);
      },
    );

    forms.post(
      '/api/v1/documents/batch',
      {
        config: { access: 'write', heavy: true, form: formSchema(uploadBatchForm) },
        schema: { response: { 202: uploadedBatch } },
      },
      async (request, reply) => {
        const { caller } = request;
        const rejected: { filename: string; problem: Problem }[] = [];
        const taken = await keepingNothing(async (received) => {
          let bytes = 0;
          const fields = await receiveForm(request, async (file, before) => {
            if (received.length + rejected.length >= maxBatchFiles)
              throw new AppError('TOO_MANY_FILES', `One batch takes at most ${maxBatchFiles} files.`);
            if (received.length === 0 && before.collectionId !== undefined)
              await destination(caller, before.collectionId);
            try {
              const stored = await storing.store(caller.userId, file.content, bytes);
              received.push(asReceived(file, stored));
              bytes += stored.sizeBytes;
            } catch (error) {
              if (!(error instanceof AppError) || !ONE_FILE_ONLY.has(error.code)) throw error;
              rejected.push({ filename: displayName(file.filename), problem: problemOf(error, request) });
            }
          });
          const { tags } = fields;
          const described = received.map((file) => ({ ...file, ...(tags ? { tags } : {}) }));
          return storing.takeIn(caller.userId, await destination(caller, fields.collectionId), described);
        });
        const working = taken.documents.find(({ taskId }) => taskId !== null)?.taskId;
        return reply.code(202).send({
          taskId: taken.taskId ?? working ?? (await createEmptyTask(db, caller.userId)),
          status: taken.taskId === null ? 'completed' : 'processing',
          documents: taken.documents.map(({ row }) => toDocument(row)),
          rejected,
        });
      },
    );
  });

  app.post(
    '/api/v1/documents/url',
    {
      config: { access: 'write', heavy: true },
      schema: { body: urlBody, response: { 200: uploadedBefore, 202: uploaded } },
    },
    async (request, reply) => {
      const { caller } = request;
      const collectionId = await destination(caller, request.body.collectionId);
      const page = await fetchPage(request.body.url, clientGone(reply), fetchGuard);
      const { content, title } = withTitle(page);
      const stored = await storing.store(caller.userId, content);
      const name = title();
      const file: ReceivedFile = {
        filename: pageFilename(page),
        sourceUrl: page.url.href,
        stored,
        ...(page.mimeType === undefined ? {} : { mimeType: page.mimeType }),
        ...(name === undefined ? {} : { title: name }),
      };
      const taken = await keepingNothing((received) => {
        received.push(file);
        return storing.takeIn(caller.userId, collectionId, received);
      });
      const { duplicate, body } = single(taken);
      return reply.code(duplicate ? 200 : 202).send(body);
    },
  );
}

/** Faults of one file of a batch; any other ends the whole request. */
const ONE_FILE_ONLY: ReadonlySet<string> = new Set(['DOCUMENT_TOO_LARGE', 'QUOTA_EXCEEDED', 'FILE_EMPTY']);

const asReceived = (file: FormFile, stored: ReceivedFile['stored']): ReceivedFile => ({
  filename: displayName(file.filename),
  stored,
  // a claim until the content has been read: only what is a media type at all is kept
  ...(file.mimeType !== undefined && /^[\w.+-]+\/[\w.+-]+$/.test(file.mimeType)
    ? { mimeType: file.mimeType }
    : {}),
});

const descriptionOf = ({ title, tags }: UploadFields) => ({
  ...(title === undefined ? {} : { title }),
  ...(tags === undefined ? {} : { tags }),
});

const formSchema = (form: z.ZodType): Record<string, unknown> => {
  const { $schema: _, ...schema } = z.toJSONSchema(form, { io: 'input' });
  return schema;
};

function single({ documents: [only] }: Taken) {
  if (only === undefined) throw new Error('a file was taken in and no document came back');
  return {
    duplicate: only.duplicate,
    // a new document always has its task; only a known one may have none any more
    body: { document: toDocument(only.row), taskId: only.taskId as string },
  };
}
