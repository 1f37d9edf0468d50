import { afterAll, beforeAll, expect, test } from 'vitest';
import { createMetrics } from '../../src/server/metrics.ts';
import { newId, now } from '../../src/server/records/ids.ts';
import { registerUser, startTestApp, type TestApp, type TestUser, testApp } from '../support/http.ts';

let app: TestApp;
let admin: TestUser;
let user: TestUser;
beforeAll(async () => {
  app = await startTestApp();
  admin = await registerUser(app);
  user = await registerUser(app);
});
afterAll(() => app.close());

const patch = (id: string, body: unknown, who = admin) =>
  app.call(who, `PATCH /api/v1/admin/users/${id}`, body);

test('a suspension blocks every credential at once, and its end opens them again', async () => {
  const someone = await registerUser(app);
  const key = { token: (await app.call(someone, 'POST /api/v1/api-keys', { name: 'k' })).json().key };
  expect((await patch(someone.id, { suspended: true })).json()).toMatchObject({
    id: someone.id,
    suspended: true,
  });
  for (const who of [someone, key]) {
    const refused = await app.call(who, 'GET /api/v1/me');
    expect(refused.json()).toMatchObject({ status: 403, type: 'urn:ka:error:account-suspended' });
  }
  const { email, password, cookie } = someone;
  expect((await app.call(undefined, 'POST /api/v1/auth/login', { email, password })).statusCode).toBe(403);
  expect((await app.call(undefined, 'POST /api/v1/auth/refresh', undefined, { cookie })).statusCode).toBe(
    403,
  );
  await patch(someone.id, { suspended: false });
  for (const who of [someone, key]) expect((await app.call(who, 'GET /api/v1/me')).statusCode).toBe(200);
});

test('a change of role counts from the next request on', async () => {
  const someone = await registerUser(app);
  expect((await app.call(someone, 'GET /api/v1/admin/users')).statusCode).toBe(403);
  await patch(someone.id, { role: 'admin' });
  expect((await app.call(someone, 'GET /api/v1/admin/users')).statusCode).toBe(200);
  await patch(someone.id, { role: 'user' });
  expect((await app.call(someone, 'GET /api/v1/admin/users')).statusCode).toBe(403);
});

test('the last administrator who can sign in keeps the role', async () => {
  expect((await patch(admin.id, { role: 'user' })).json()).toMatchObject({ status: 409 });
  expect((await patch(admin.id, { suspended: true })).json()).toMatchObject({ status: 409 });
  await patch(user.id, { role: 'admin' });
  await patch(user.id, { suspended: true });
  expect((await patch(admin.id, { role: 'user' })).json()).toMatchObject({ status: 409 });
  await patch(user.id, { suspended: false, role: 'user' });
});

test('users are listed in pages with their limits and what they store', async () => {
  await patch(user.id, { quotaMb: 5, monthlyBudgetUsd: 1.5, dailyBudgetUsd: 0.25 });
  const first = (await app.call(admin, 'GET /api/v1/admin/users?limit=2')).json();
  expect(first.items[0]).toMatchObject({ id: admin.id, role: 'admin', usedBytes: 0, documentCount: 0 });
  expect(first.items[1]).toMatchObject({
    id: user.id,
    quotaMb: 5,
    monthlyBudgetUsd: 1.5,
    dailyBudgetUsd: 0.25,
  });
  expect(first.items[0]).not.toHaveProperty('password_hash');
  const next = (await app.call(admin, `GET /api/v1/admin/users?limit=2&cursor=${first.nextCursor}`)).json();
  expect(next.items[0].id > first.items[1].id).toBe(true);
  expect((await patch(newId(), { suspended: true })).statusCode).toBe(404);
  expect((await patch(user.id, {})).statusCode).toBe(400);
});

test('who did what is on record, without secrets', async () => {
  await app.call(user, 'POST /api/v1/api-keys', { name: 'audited' });
  const audit = await app.call(admin, `GET /api/v1/admin/audit?limit=200`);
  const actions = audit.json().items.map((entry: { action: string }) => entry.action);
  for (const action of ['user.registered', 'user.changed', 'api-key.created'])
    expect(actions).toContain(action);
  expect(audit.body).not.toMatch(/ka_|long password/);
  const own = (await app.call(admin, `GET /api/v1/admin/audit?actorId=${user.id}`)).json();
  expect(own.items.every((entry: { actorId: string }) => entry.actorId === user.id)).toBe(true);
  expect(own.total).toBe(own.items.length);
});

test('usage comes in pages by day, and for one user', async () => {
  const row = {
    model: 'm',
    kind: 'answer' as const,
    requests: 1,
    cached_requests: 0,
    prompt_tokens: 10,
    completion_tokens: 5,
    cost_usd: 0.5,
    saved_usd: 0,
  };
  for (const day of ['2026-01-01', '2026-01-02', '2026-01-03'])
    for (const user_id of [admin.id, user.id])
      await app.db
        .insertInto('usage')
        .values({ ...row, day, user_id })
        .execute();
  await app.db
    .insertInto('usage')
    .values([
      { ...row, day: '2026-02-01', user_id: user.id, model: 'own-model', cost_usd: 0 },
      { ...row, day: '2026-02-01', user_id: user.id, model: 'gpt-5-mini', cost_usd: 0 },
    ])
    .execute();
  expect(
    (await app.call(admin, 'GET /api/v1/admin/usage?from=2026-02-01&to=2026-02-01')).json(),
  ).toMatchObject({
    items: [
      { model: 'own-model', priceKnown: false },
      { model: 'gpt-5-mini', priceKnown: true },
    ],
  });
  const url = 'GET /api/v1/admin/usage?from=2026-01-01&to=2026-01-31&limit=4';
  const first = (await app.call(admin, url)).json();
  const rest = (await app.call(admin, `${url}&cursor=${first.nextCursor}`)).json();
  const days = [...first.items, ...rest.items].map((item: { day: string }) => item.day);
  expect(days).toEqual(['2026-01-03', '2026-01-03', '2026-01-02', '2026-01-02', '2026-01-01', '2026-01-01']);
  expect(first).toMatchObject({ total: 6, items: [{ promptTokens: 10, costUsd: 0.5 }, {}, {}, {}] });
  expect(
    (await app.call(admin, `GET /api/v1/admin/usage?userId=${user.id}&to=2026-01-02`)).json().total,
  ).toBe(2);
  expect((await app.call(admin, 'GET /api/v1/admin/usage?from=yesterday')).statusCode).toBe(400);
});

test('failed jobs are listed and tried again', async () => {
  const job = (id: string, state: 'failed' | 'done') => ({
    id,
    kind: 'purge',
    payload: '{"documentId":"gone","revision":1}',
    document_id: null,
    priority: 0,
    state,
    run_at: now(),
    attempt: 5,
    max_attempts: 5,
    lease_owner: null,
    lease_until: null,
    last_error: 'disk full',
    created_at: now(),
    finished_at: now(),
  });
  const [failed, done] = [newId(), newId()];
  await app.db
    .insertInto('jobs')
    .values([job(failed, 'failed'), job(done, 'done')])
    .execute();
  const listed = (await app.call(admin, 'GET /api/v1/admin/jobs')).json();
  expect(listed).toMatchObject({ total: 1, items: [{ id: failed, attempt: 5, lastError: 'disk full' }] });
  const retried = await app.call(admin, `POST /api/v1/admin/jobs/${failed}/retry`);
  expect([retried.statusCode, retried.json()]).toMatchObject([
    202,
    { id: failed, state: 'queued', attempt: 0 },
  ]);
  expect((await app.services.queue.take(['purge']))?.id).toBe(failed);
  expect((await app.call(admin, `POST /api/v1/admin/jobs/${done}/retry`)).statusCode).toBe(409);
  expect((await app.call(admin, 'POST /api/v1/admin/jobs/none/retry')).statusCode).toBe(404);
});

test('the performance report tells routes and stages apart, with percentiles of the last minutes', async () => {
  const own = await testApp();
  const who = await registerUser(own);
  for (let n = 0; n < 5; n++) await own.call(who, 'GET /api/v1/me');
  own.services.metrics.stage('embed').record(7);
  const report = (await own.call(who, 'GET /api/v1/admin/performance')).json();
  const me = report.routes.find((route: { name: string }) => route.name === 'GET /api/v1/me');
  expect(me).toMatchObject({ count: 5, errors: 0 });
  expect(me.p50Ms).toBeLessThanOrEqual(me.p99Ms);
  expect(report.stages).toMatchObject([{ name: 'embed', count: 1 }]);
});

test('the last hour is told minute by minute, of one route and of all requests', () => {
  let time = 3_600_000 * 5;
  const metrics = createMetrics(() => time);
  const [x, y] = [metrics.route('GET /x'), metrics.route('GET /y')];
  x.record(10);
  time += 60_000 * 7;
  x.record(20, true);
  y.record(40);
  const { points } = metrics.history('GET /x');
  expect(points).toHaveLength(60);
  expect(points[52]).toMatchObject({ count: 1, errors: 0 });
  expect(points[52]?.p50Ms).toBeCloseTo(10, 0);
  expect(points[59]).toMatchObject({ count: 1, errors: 1 });
  expect(points[58]?.count).toBe(0);
  expect(Date.parse(points[59]?.at ?? '') - Date.parse(points[52]?.at ?? '')).toBe(7 * 60_000);
  expect(metrics.history()).toMatchObject({ name: 'all', stepSeconds: 60 });
  expect(metrics.history().points[59]?.count).toBe(2);
  expect(metrics.history('GET /unknown').name).toBe('all');
  time += 60_000 * 59;
  expect(metrics.history('GET /x').points.map(({ count }) => count)).toEqual([1, ...Array(59).fill(0)]);
});

test('percentiles are within 4.5 %, and what is older than the window is forgotten', async () => {
  let time = 1_000_000;
  const metrics = createMetrics(() => time);
  const series = metrics.route('GET /x');
  for (let ms = 1; ms <= 1000; ms++) series.record(ms, ms > 990);
  const [report] = metrics.report().routes;
  expect(report).toMatchObject({ count: 1000, errors: 10 });
  for (const [percentile, exact] of [
    [report?.p50Ms, 500],
    [report?.p95Ms, 950],
    [report?.p99Ms, 990],
  ] as const)
    expect(Math.abs((percentile as number) / exact - 1)).toBeLessThan(0.045);
  for (const extreme of [0, 1e-9, 1e9]) series.record(extreme);
  expect(metrics.report().routes[0]?.count).toBe(1003);
  time += 4 * 60_000;
  expect(metrics.report().routes[0]?.count).toBe(1003);
  time += 60_000;
  expect(metrics.report().routes).toEqual([]);
  expect(await metrics.prometheus()).toContain(
    'ka_http_request_duration_seconds_count{route="GET /x"} 1003\n',
  );
});
