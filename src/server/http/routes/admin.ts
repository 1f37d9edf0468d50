import { Readable } from 'node:stream';
import { z } from 'zod';
import { id, listOf, pageQuery } from '../../../contract/common.ts';
import {
  adminJob,
  adminUser,
  auditEntry,
  feedbackQuery,
  patchUserBody,
  performanceQuery,
  performanceReport,
  ratedAnswer,
  usageRow,
} from '../../../contract/system.ts';
import { priceOf } from '../../prices.ts';
import { listAudit, noteAudit } from '../../records/audit.ts';
import { listJobs, retryJob } from '../../records/jobs.ts';
import { evaluationCases, listRatedAnswers } from '../../records/rated-answers.ts';
import { listUsage } from '../../records/usage.ts';
import { listUsers, patchUser } from '../../records/users.ts';
import type { App } from '../app-types.ts';
import type { Services } from '../services.ts';

const params = z.object({ id });
const day = z.iso.date();
const usageQuery = pageQuery.extend({ from: day.optional(), to: day.optional(), userId: id.optional() });
const auditQuery = pageQuery.extend({ actorId: id.optional() });
const jobsQuery = pageQuery.extend({ state: adminJob.shape.state.default('failed') });

async function* linesOf(values: AsyncIterable<unknown>): AsyncGenerator<string> {
  for await (const value of values) yield `${JSON.stringify(value)}\n`;
}

export function registerAdminRoutes(
  app: App,
  { config: { llm, embedding }, db, queue, events, metrics, admission }: Services,
): void {
  const prices = {
    ...(llm.provider === 'extractive' ? {} : llm.prices),
    ...(embedding.provider === 'bundled' ? {} : embedding.prices),
  };
  const config = { access: 'admin' } as const;

  app.get(
    '/api/v1/admin/users',
    { config, schema: { querystring: pageQuery, response: { 200: listOf(adminUser) } } },
    (request) => listUsers(db, request.query),
  );

  app.patch(
    '/api/v1/admin/users/:id',
    { config, schema: { params, body: patchUserBody, response: { 200: adminUser } } },
    (request) =>
      db.transaction().execute(async (tx) => {
        const { caller, params, body, ip } = request;
        const changed = await patchUser(tx, params.id, body);
        await noteAudit(tx, {
          action: 'user.changed',
          actorId: caller.userId,
          target: params.id,
          detail: JSON.stringify(body),
          ip,
        });
        return changed;
      }),
  );

  app.get(
    '/api/v1/admin/usage',
    { config, schema: { querystring: usageQuery, response: { 200: listOf(usageRow) } } },
    (request) => listUsage(db, request.query, (model) => priceOf(model, prices) !== undefined),
  );

  app.get(
    '/api/v1/admin/performance',
    { config, schema: { querystring: performanceQuery, response: { 200: performanceReport } } },
    ({ query }) => ({
      ...metrics.report(),
      admission: admission.figures(),
      history: metrics.history(query.name),
    }),
  );

  app.get(
    '/api/v1/admin/audit',
    { config, schema: { querystring: auditQuery, response: { 200: listOf(auditEntry) } } },
    (request) => listAudit(db, request.query),
  );

  app.get(
    '/api/v1/admin/feedback',
    {
      config,
      schema: { querystring: pageQuery.extend(feedbackQuery.shape), response: { 200: listOf(ratedAnswer) } },
    },
    (request) => listRatedAnswers(db, request.query),
  );

  app.get(
    '/api/v1/admin/feedback/export',
    { config, schema: { querystring: feedbackQuery } },
    (request, reply) =>
      reply
        .type('application/x-ndjson; charset=utf-8')
        .header('content-disposition', 'attachment; filename="qa.jsonl"')
        .send(Readable.from(linesOf(evaluationCases(db, request.query.rating)))),
  );

  app.get(
    '/api/v1/admin/jobs',
    { config, schema: { querystring: jobsQuery, response: { 200: listOf(adminJob) } } },
    (request) => listJobs(db, request.query),
  );

  app.post(
    '/api/v1/admin/jobs/:id/retry',
    { config, schema: { params, response: { 202: adminJob } } },
    async (request, reply) => {
      const { caller, params, ip } = request;
      const job = await retryJob(db, queue, params.id);
      await noteAudit(db, { action: 'job.retried', actorId: caller.userId, target: params.id, ip });
      events.publish('jobs', job.id);
      return reply.code(202).send(job);
    },
  );
}
