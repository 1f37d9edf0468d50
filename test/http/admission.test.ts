import { expect, onTestFinished, test } from 'vitest';
import { createAdmission } from '../../src/server/admission/admission.ts';
import { registerUser, testApp } from '../support/http.ts';
import { createManualClock } from '../support/manual-clock.ts';

test('while the main thread is far behind requests are refused before they cost anything, but for probes', async () => {
  const clock = createManualClock();
  const admission = createAdmission({ clock });
  onTestFinished(() => admission.close());
  const app = await testApp({ services: { admission }, env: { CORS_ORIGINS: 'https://app.example.org' } });
  const user = await registerUser(app);
  for (let i = 0; i < 3; i++) await clock.passBlocked(1500);

  const refused = await app.call(user, 'GET /api/v1/documents', undefined, {
    origin: 'https://app.example.org',
  });
  expect(refused.statusCode).toBe(503);
  expect(refused.headers).toMatchObject({
    'retry-after': '2',
    'content-type': 'application/problem+json',
    'access-control-allow-origin': 'https://app.example.org',
  });
  expect(refused.json()).toMatchObject({ type: 'urn:ka:error:overloaded' });
  for (const url of ['/health', '/health/ready', '/health/detailed'])
    expect((await app.inject({ url })).statusCode, url).toBe(200);
  const { metrics } = (await app.inject({ url: '/health/detailed' })).json();
  expect(metrics.admission).toEqual({
    limit: admission.figures().limit,
    inFlight: 0,
    queued: 0,
    shed: { queue: 0, behind: 1 },
    busy: false,
  });
  expect(await app.services.metrics.prometheus()).toContain('ka_admission_shed_total{reason="behind"} 1\n');

  await clock.pass(100);
  expect((await app.call(user, 'GET /api/v1/documents')).statusCode).toBe(200);
  const report = (await app.call(user, 'GET /api/v1/admin/performance')).json();
  expect(report.admission).toMatchObject({ shed: { queue: 0, behind: 1 } });
});
