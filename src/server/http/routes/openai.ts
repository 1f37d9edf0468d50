import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import {
  chatBody,
  chatCompletion,
  type Embeddings,
  embeddings,
  embeddingsBody,
  model,
  modelList,
  openAiError,
} from '../../../contract/openai.ts';
import type { AnswerEvent } from '../../../contract/query.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../records/ids.ts';
import type { App } from '../app-types.ts';
import { type Ask, lastAnswer } from '../asking.ts';
import { clientGone } from '../client-gone.ts';
import { documentLinks } from '../document-link.ts';
import { loggedProblem } from '../logged-problem.ts';
import { chunksOf, completionOf } from '../openai/completion.ts';
import { createTextEmbedding } from '../openai/embed-texts.ts';
import { openAiErrorOf, sendOpenAiError } from '../openai/errors.ts';
import { listModels, needEmbeddingModel, needModel, searchedBy } from '../openai/models.ts';
import { historyOf, questionOf } from '../openai/question.ts';
import type { Services } from '../services.ts';
import { sendUnnamedEvents } from '../sse.ts';

/** So many long texts as one request may hold would not fit into the usual megabyte. */
const MAX_EMBEDDINGS_BODY_BYTES = 8 * 1024 * 1024;

/** The knowledge base as OpenAI's clients know an API: collections are models, documents are annotations. */
export function registerOpenAiRoutes(
  app: App,
  { config, db, embedder, embeddingCharges, usage, log }: Services,
  ask: Ask,
): void {
  const embed = createTextEmbedding(embedder, usage, embeddingCharges);
  const shared = {
    config: { access: 'read', errorShape: openAiError },
    errorHandler: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      sendOpenAiError(error, request, reply, log),
  } as const;

  app.get('/v1/models', { ...shared, schema: { response: { 200: modelList } } }, async ({ caller }) => ({
    object: 'list' as const,
    data: await listModels(db, caller.userId),
  }));

  app.get(
    '/v1/models/:id',
    { ...shared, schema: { params: z.object({ id: z.string().max(300) }), response: { 200: model } } },
    ({ caller, params }) => needModel(db, caller.userId, params.id),
  );

  app.post(
    '/v1/chat/completions',
    {
      ...shared,
      schema: { body: chatBody, response: { 200: chatCompletion } },
      // made by typed code
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply) => {
      const { model: asked, messages, stream, stream_options } = request.body;
      const collectionId = await searchedBy(db, request.caller.userId, asked);
      const question = questionOf(messages, collectionId);
      const whole = stream !== true;
      const events = ask(request, question, clientGone(reply), { history: historyOf(messages), whole });
      const link = documentLinks(config, request);
      if (whole) return completionOf(await lastAnswer(events), asked, link);
      // what is refused before anything was found out still has its own status
      const first = await events.next();
      const chunks = chunksOf(resumed(first, events), {
        id: newId(),
        model: asked,
        link,
        includeUsage: stream_options?.include_usage === true,
      });
      return sendUnnamedEvents(reply, () =>
        dataOf(chunks, (error) => {
          loggedProblem(error, request, log);
          return openAiErrorOf(error);
        }),
      );
    },
  );

  app.post(
    '/v1/embeddings',
    {
      ...shared,
      config: { ...shared.config, heavy: true },
      bodyLimit: MAX_EMBEDDINGS_BODY_BYTES,
      schema: { body: embeddingsBody, response: { 200: embeddings } },
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply): Promise<Embeddings> => {
      const { model: asked, input, encoding_format, dimensions } = request.body;
      needEmbeddingModel(asked);
      if (dimensions !== undefined && dimensions !== null && dimensions !== embedder.dimensions) {
        const message = `This model makes vectors of ${embedder.dimensions} dimensions only.`;
        throw new AppError('VALIDATION', message, { fields: [{ path: 'dimensions', message }] });
      }
      const work = {
        userId: request.caller.userId,
        texts: [input].flat(),
        encoding: encoding_format ?? 'float',
        model: asked,
      };
      return embed(work, clientGone(reply));
    },
  );
}

async function* resumed(
  first: IteratorResult<AnswerEvent>,
  rest: AsyncGenerator<AnswerEvent>,
): AsyncGenerator<AnswerEvent> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

/** What the stream says, `[DONE]` at the end of a whole one; a fault in the middle is its last word. */
async function* dataOf(
  chunks: AsyncIterable<unknown>,
  asError: (error: unknown) => unknown,
): AsyncGenerator<string> {
  try {
    for await (const chunk of chunks) yield JSON.stringify(chunk);
    yield '[DONE]';
  } catch (error) {
    yield JSON.stringify(asError(error));
  }
}
