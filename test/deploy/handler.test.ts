import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

// the package by its own name, as somebody else imports it
const { createHandler } = (await import(
  'knowledge-assistant' as string
)) as typeof import('../../src/server/handler.ts');

function newHandler() {
  const folder = join(mkdtempSync(join(tmpdir(), 'ka-handler-')), 'data');
  const handler = createHandler({ environment: { DATA_DIR: folder, LOG_LEVEL: 'silent' } });
  onTestFinished(() => handler.close());
  return { folder, handler };
}
const register = (email: string) =>
  new Request('http://app.test/api/v1/auth/register', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: 'a long enough password' }),
  });

test('nothing is opened before the first call, and calls side by side share one state', async () => {
  const { folder, handler } = newHandler();
  expect(existsSync(folder)).toBe(false);
  const answers = await Promise.all(
    Array.from({ length: 8 }, (_, i) => handler.fetch(register(`person${i}@example.org`))),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
  const people = await Promise.all(answers.map((answer) => answer.json()));
  // several states would each have made somebody its first user
  expect(people.filter(({ user }) => user.role === 'admin')).toHaveLength(1);
  expect(answers[0]?.headers.getSetCookie()[0]).toMatch(/httponly/i);
  expect(readdirSync(folder)).toContain('knowledge.db');
});

test('a handler that was closed opens what it kept at the next call', async () => {
  const { handler } = newHandler();
  expect((await handler.fetch(register('one@example.org'))).status).toBe(201);
  await handler.close();
  const again = await handler.fetch(register('one@example.org'));
  expect(again.status).toBe(409);
  expect(await again.json()).toMatchObject({ status: 409 });
});

test('a node server hands its requests on', async () => {
  const { handler } = newHandler();
  const server = createServer((request, response) => void handler.node(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const health = await fetch(`http://127.0.0.1:${port}/health`);
  expect(await health.json()).toMatchObject({ status: 'healthy' });
});
