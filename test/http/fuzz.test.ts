import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerUser, startTestApp, type TestApp, type TestUser } from '../support/http.ts';
import { FORM_TYPE, formBody } from '../support/upload.ts';

/**
 * Every route of the OpenAPI document with what no client should send. `KA_FUZZ_SEED` repeats a run,
 * `KA_FUZZ_ROUNDS` makes it longer.
 */
const seed = Number(process.env['KA_FUZZ_SEED'] ?? 1);
const rounds = Number(process.env['KA_FUZZ_ROUNDS'] ?? 5);

type Schema = Readonly<Record<string, unknown>>;
interface Operation {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly body: Schema | undefined;
  readonly form: boolean;
}

/** Not called: what would end the account of the other cases, and a stream that lasts until its client leaves. */
const LEFT_OUT = ['DELETE /api/v1/me', 'GET /api/v1/events'];

let app: TestApp;
let admin: TestUser;
let operations: readonly Operation[];
let schemas: Readonly<Record<string, Schema>>;
beforeAll(async () => {
  app = await startTestApp({ env: { MAX_UPLOAD_MB: '1' } });
  admin = await registerUser(app);
  const document = app.server.openApi() as {
    paths: Record<string, Record<string, Record<string, unknown>>>;
    components: { schemas: Record<string, Schema> };
  };
  schemas = document.components.schemas;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([name, { parameters = [], requestBody }]) => {
      const content = (requestBody as { content: Record<string, { schema: Schema }> } | undefined)?.content;
      return {
        method: name.toUpperCase(),
        path,
        parameters: parameters as Operation['parameters'],
        body: content?.['application/json']?.schema,
        form: content?.['multipart/form-data'] !== undefined,
      };
    }),
  );
});
afterAll(() => app.close());

/** Mulberry32: the same numbers for the same seed. */
function numbersFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
const random = numbersFrom(seed);
const oneOf = <T>(things: readonly T[]): T => things[Math.floor(random() * things.length)] as T;

const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
/** Values as they stand in JSON text, since some have no value that JSON.stringify would write. */
const HOSTILE_JSON: readonly string[] = [
  'null',
  'true',
  '0',
  '-1',
  '1e999',
  '-0.5',
  '9007199254740993',
  '""',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"\\udfff\\ud83d"',
  `"${'x'.repeat(70_000)}"`,
  '"%00"',
  '"\' or 1=1 --"',
  '"../../etc/passwd"',
  '"2026-13-45T99:99:99Z"',
  '[]',
  '{}',
  '[null]',
  '[[["x"]]]',
  '{"a":{"b":{}}}',
  '{"__proto__":{"role":"admin"}}',
  '{"constructor":{"prototype":{"x":1}}}',
  deep(5000),
  'NaN',
  'Infinity',
  'undefined',
];
const HOSTILE_TEXT: readonly string[] = [
  '',
  '%00',
  '%ff',
  '%C0%AF',
  '%ED%A0%80',
  '%',
  '%zz',
  '-1',
  'NaN',
  '1e999',
  '..%2f..%2fetc%2fpasswd',
  '%27%20or%201=1%20--',
  '%22%20OR%20%22',
  'x'.repeat(5000),
  '%F0%9F%98%80',
  '[object%20Object]',
  '__proto__',
  'constructor',
];
const HOSTILE_HEADERS: readonly Record<string, string>[] = [
  { 'content-type': 'application/json; charset=utf-16' },
  { 'content-type': 'text/plain' },
  { 'content-type': 'multipart/form-data' },
  { 'content-type': ';' },
  { 'idempotency-key': '' },
  { 'idempotency-key': 'x'.repeat(5000) },
  { 'idempotency-key': '\u00ff\u0001'.slice(0, 1) },
  { range: 'bytes=9-1,-,x' },
  { 'if-none-match': '"'.repeat(500) },
  { 'last-event-id': '\u00e4-1' },
  { accept: 'x/'.repeat(1000) },
  { 'x-forwarded-for': '%00,,' },
];

function resolved(schema: Schema): Schema {
  const reference = schema['$ref'];
  if (typeof reference === 'string') return resolved(schemas[reference.split('/').at(-1) as string] ?? {});
  const [first] = (schema['anyOf'] ?? schema['oneOf'] ?? []) as Schema[];
  return first === undefined ? schema : resolved(first);
}

/** Plausible JSON text of `schema`, so that one wrong place is reached among right ones. */
function plausible(given: Schema): string {
  const schema = resolved(given);
  if ('const' in schema) return JSON.stringify(schema['const']);
  const choices = schema['enum'] as readonly unknown[] | undefined;
  if (choices !== undefined) return JSON.stringify(oneOf(choices));
  if (schema['type'] === 'object') {
    const fields = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
    return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${plausible(field)}`).join(',')}}`;
  }
  if (schema['type'] === 'array') return `[${plausible((schema['items'] ?? {}) as Schema)}]`;
  if (schema['type'] === 'integer' || schema['type'] === 'number') return '1';
  if (schema['type'] === 'boolean') return 'true';
  return schema['format'] === 'date-time' ? '"2026-01-01T00:00:00Z"' : '"a plausible text"';
}

/** Plausible JSON text with one place, at any depth, made hostile, left out, or there twice. */
function spoiled(given: Schema): string {
  const schema = resolved(given);
  const fields = Object.entries((schema['properties'] ?? {}) as Record<string, Schema>);
  if (fields.length === 0 || random() < 0.1) return oneOf(HOSTILE_JSON);
  const chosen = oneOf(fields)[0];
  const way = random();
  const members = fields.flatMap(([name, field]) => {
    const key = JSON.stringify(name);
    if (name !== chosen) return [`${key}:${plausible(field)}`];
    if (way < 0.1) return [];
    if (way < 0.2) return [`${key}:${plausible(field)}`, `${key}:${oneOf(HOSTILE_JSON)}`];
    const items = resolved(field)['items'] as Schema | undefined;
    if (way < 0.4) return [`${key}:${items === undefined ? spoiled(field) : `[${spoiled(items)}]`}`];
    return [`${key}:${oneOf(HOSTILE_JSON)}`];
  });
  return `{${members.join(',')}}`;
}

const HOSTILE_FORMS = (): readonly Buffer[] => {
  const whole = formBody([
    {
      field: oneOf(['collectionId', 'title', 'tags', '__proto__']),
      value: oneOf(HOSTILE_JSON).slice(0, 3000),
    },
    {
      filename: oneOf(['', '../../x.txt', 'a\0.txt', `${'n'.repeat(3000)}.txt`, '\ud800.txt']),
      content: 'text',
    },
  ]);
  return [whole, whole.subarray(0, Math.floor(random() * whole.length)), Buffer.from([0xff, 0, 13, 10])];
};

type Spoil = 'path' | 'query' | 'header' | 'body' | 'bytes';
function requestOf(operation: Operation, spoil: Spoil) {
  const { method, path, parameters, body, form } = operation;
  const ids = path.replaceAll(/\{\w+\}/g, () =>
    spoil === 'path' ? oneOf(HOSTILE_TEXT.filter((text) => text !== '')) : 'no-such-id',
  );
  const inQuery = parameters.filter((parameter) => parameter.in === 'query');
  const query =
    spoil === 'query' && inQuery.length > 0
      ? `?${oneOf(inQuery).name}=${oneOf(HOSTILE_TEXT)}&${oneOf(inQuery).name}=${oneOf(HOSTILE_TEXT)}`
      : '';
  // signing out by the token would leave all later cases at the door
  const headers: Record<string, string> = path.startsWith('/api/v1/auth/')
    ? {}
    : { authorization: `Bearer ${admin.token}` };
  let payload: string | Buffer | undefined;
  if (form) {
    headers['content-type'] = FORM_TYPE;
    payload = oneOf(HOSTILE_FORMS());
  } else if (body !== undefined) {
    headers['content-type'] = 'application/json';
    payload = spoil === 'body' ? spoiled(body) : plausible(body);
    if (spoil === 'bytes') payload = Buffer.concat([Buffer.from(payload), Buffer.from([0xc0, 0xaf])]);
  }
  if (spoil === 'header') Object.assign(headers, oneOf(HOSTILE_HEADERS));
  return {
    method: method as 'GET',
    url: ids + query,
    headers,
    ...(payload === undefined ? {} : { payload }),
  };
}

test('whatever is sent to a route is answered, never with a fault of ours, and the server goes on', async () => {
  const faults: unknown[] = [];
  let sent = 0;
  for (const operation of operations) {
    if (LEFT_OUT.includes(`${operation.method} ${operation.path}`)) continue;
    const spoils: Spoil[] = ['header'];
    if (operation.path.includes('{')) spoils.push('path');
    if (operation.parameters.some((parameter) => parameter.in === 'query')) spoils.push('query', 'query');
    if (operation.body !== undefined) spoils.push('bytes', ...Array<Spoil>(8).fill('body'));
    if (operation.form) spoils.push('body', 'body', 'body');
    for (let round = 0; round < rounds; round++)
      for (const spoil of spoils) {
        const request = requestOf(operation, spoil);
        const answer = await app.inject(request);
        sent++;
        const told = { seed, spoil, ...request, payload: String(request.payload ?? '').slice(0, 300) };
        // a refusal at the door would try nothing behind it
        const atTheDoor = answer.statusCode === 401 && 'authorization' in request.headers;
        if (answer.statusCode >= 500 || atTheDoor) faults.push({ ...told, answer: answer.body });
        // a value that a schema refuses is named; an address that cannot be read has no fields
        else if (answer.statusCode === 400 && spoil === 'body' && operation.path.startsWith('/api/')) {
          const { type, errors } = answer.json();
          if (type === 'urn:ka:error:validation' && !(errors?.length > 0))
            faults.push({ ...told, answer: answer.body });
        }
      }
  }
  expect(faults).toEqual([]);
  expect(sent).toBeGreaterThan(200 * rounds);
  expect(app.logged.filter(({ level }) => level === 'error')).toEqual([]);
  const me = await app.call(admin, 'GET /api/v1/me');
  expect(me.json()).toMatchObject({ id: admin.id, role: 'admin' });
  expect((await app.call(admin, 'POST /api/v1/collections', { name: 'Still here' })).statusCode).toBe(201);
});
