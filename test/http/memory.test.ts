import { expect, test } from 'vitest';
import { createLog } from '../../src/server/log.ts';
import { watchMemory } from '../../src/server/memory/watch-memory.ts';
import { registerUser, testApp } from '../support/http.ts';
import { sendForm, uploadText } from '../support/upload.ts';

test('while memory is short new heavy work is refused before its body is read, and all else goes on', async () => {
  let rssBytes = 100;
  let sample = () => {};
  const memory = watchMemory({
    limitBytes: 1000,
    read: () => ({ rssBytes, processes: 1 }),
    log: createLog('silent'),
    everySample: (run) => {
      sample = run;
      return () => {};
    },
  });
  const app = await testApp({ services: { memory } });
  const user = await registerUser(app);
  const { id } = await uploadText(app, user, 'before');
  rssBytes = 990;
  sample();

  const form = [{ filename: 'a.txt', content: 'text' }];
  const reindexAll = { documentIds: [id], action: { type: 'reindex' } };
  const refused = [
    await sendForm(app, user, form),
    await sendForm(app, user, form, { url: '/api/v1/documents/batch' }),
    await app.call(user, 'POST /api/v1/documents/url', { url: 'https://example.org/' }),
    await app.call(user, `POST /api/v1/documents/${id}/reindex`),
    await app.call(user, 'POST /api/v1/documents/bulk', reindexAll),
    await app.call(user, 'POST /v1/embeddings', { model: 'x', input: 'text' }),
  ];
  expect(refused.map(({ statusCode }) => statusCode)).toEqual(refused.map(() => 503));
  expect(refused.map(({ headers }) => headers['retry-after'])).toEqual(refused.map(() => '10'));
  expect(refused[0]?.json()).toMatchObject({
    type: 'urn:ka:error:overloaded',
    detail: expect.stringContaining('MEMORY_LIMIT_MB'),
  });
  // who may not come at all is told that
  expect((await sendForm(app, undefined, form)).statusCode).toBe(401);

  for (const route of ['GET /api/v1/documents', `GET /api/v1/documents/${id}`, 'GET /api/v1/me'])
    expect((await app.call(user, route)).statusCode, route).toBe(200);
  expect((await app.call(user, 'POST /api/v1/search', { query: 'before' })).statusCode).toBe(200);
  expect((await app.inject({ url: '/health/detailed' })).json().metrics).toMatchObject({ rssBytes: 990 });
  const text = await app.services.metrics.prometheus();
  expect(text).toContain('ka_memory_refused_total 6\n');
  expect(text).toContain('ka_memory_level{level="critical"} 1\n');

  rssBytes = 500;
  sample();
  expect((await sendForm(app, user, form)).statusCode).toBe(202);
});
