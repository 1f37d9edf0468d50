import {
  type SearchRequest,
  type SearchResult,
  searchBatchBody,
  searchBatchResult,
  searchBody,
  searchResult,
} from '../../../contract/search.ts';
import type { App } from '../app-types.ts';
import { clientGone } from '../client-gone.ts';
import type { LastHour } from '../last-hour.ts';
import { loggedProblem } from '../logged-problem.ts';
import { mapBounded } from '../map-bounded.ts';
import type { Services } from '../services.ts';
import { createStageNotes } from '../stage-notes.ts';

/** Searches of one batch at a time: the search thread works on one, the embedding thread on another. */
const BATCH_CONCURRENCY = 4;

export function registerSearchRoutes(
  app: App,
  { answering, log, metrics }: Services,
  lastHour: LastHour,
): void {
  const noteStages = createStageNotes(metrics);

  const search = async (userId: string, asked: SearchRequest, gone: AbortSignal): Promise<SearchResult> => {
    const result = await answering.search(userId, asked, gone);
    lastHour.record(userId, { kind: 'search', ms: result.tookMs, cached: result.cached });
    return result;
  };

  app.post(
    '/api/v1/search',
    {
      config: { access: 'read', mayLag: true },
      schema: { body: searchBody, response: { 200: searchResult } },
      // made by typed code; checking ten hits again takes 22 of 340 µs (autocannon, result from the cache)
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply) => {
      const result = await search(request.caller.userId, request.body, clientGone(reply));
      noteStages(request, result);
      return result;
    },
  );

  app.post(
    '/api/v1/search/batch',
    {
      config: { access: 'read', mayLag: true },
      schema: { body: searchBatchBody, response: { 200: searchBatchResult } },
      serializerCompiler: () => JSON.stringify,
    },
    async (request, reply) => {
      const gone = clientGone(reply);
      const { userId } = request.caller;
      const results = await mapBounded(request.body.searches, BATCH_CONCURRENCY, (asked) =>
        search(userId, asked, gone).catch((error: unknown) => loggedProblem(error, request, log)),
      );
      return { results };
    },
  );
}
