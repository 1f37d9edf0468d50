import { createHmac } from 'node:crypto';
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCESS_TOKEN_SECONDS, createAccessTokens } from '../src/server/http/access-token.ts';
import type { Caller } from '../src/server/http/auth.ts';
import { appendExchange } from '../src/server/records/conversations.ts';
import { newId, now } from '../src/server/records/ids.ts';
import { takeIn } from '../src/server/records/intake.ts';
import { registerUser, startTestApp, type TestApp, type TestUser, type Who } from './support/http.ts';

/**
 * Who may call what: every route of the server, by the rule that it must keep. A route that is missing here
 * fails the test, and so does one that is here and nowhere else.
 *
 * - `open`: anybody.
 * - `any user`: each user acts on their own things only; there is no id of others in the address.
 * - `owner of …`: somebody else's answers 404.
 * - `admin`: others are told 403.
 */
type Rule = 'open' | 'any user' | 'session only' | `owner of ${Thing}` | 'admin';
type Thing = 'collection' | 'document' | 'task' | 'conversation' | 'answer' | 'key';

const MATRIX: Record<string, Rule> = {
  'GET /health': 'open',
  'GET /health/ready': 'open',
  'GET /health/detailed': 'open',
  'GET /openapi.json': 'open',
  'GET /docs': 'open',
  'GET /docs/page.css': 'open',
  'GET /docs/page.js': 'open',
  'GET /api/v1/config': 'open',
  'POST /api/v1/auth/register': 'open',
  'POST /api/v1/auth/login': 'open',
  'POST /api/v1/auth/refresh': 'open',
  'POST /api/v1/auth/logout': 'open',
  'GET /api/v1/me': 'any user',
  'GET /api/v1/me/export': 'session only',
  'PATCH /api/v1/me': 'any user',
  'DELETE /api/v1/me': 'session only',
  'GET /api/v1/api-keys': 'any user',
  'POST /api/v1/api-keys': 'session only',
  'DELETE /api/v1/api-keys/:id': 'owner of key',
  'GET /api/v1/collections': 'any user',
  'POST /api/v1/collections': 'any user',
  'GET /api/v1/collections/:id': 'owner of collection',
  'PATCH /api/v1/collections/:id': 'owner of collection',
  'DELETE /api/v1/collections/:id': 'owner of collection',
  'GET /api/v1/collections/:id/members': 'owner of collection',
  'PUT /api/v1/collections/:id/members': 'owner of collection',
  'DELETE /api/v1/collections/:id/members/:userId': 'owner of collection',
  'GET /api/v1/documents': 'any user',
  'POST /api/v1/documents': 'any user',
  'GET /api/v1/documents/facets': 'any user',
  'POST /api/v1/documents/bulk': 'any user',
  'POST /api/v1/documents/batch': 'any user',
  'POST /api/v1/documents/url': 'any user',
  'GET /api/v1/documents/:id': 'owner of document',
  'PATCH /api/v1/documents/:id': 'owner of document',
  'DELETE /api/v1/documents/:id': 'owner of document',
  'GET /api/v1/documents/:id/file': 'owner of document',
  'GET /api/v1/documents/:id/text': 'owner of document',
  'GET /api/v1/documents/:id/chunks': 'owner of document',
  'GET /api/v1/documents/:id/citations': 'owner of document',
  'POST /api/v1/documents/:id/reindex': 'owner of document',
  'GET /api/v1/tasks': 'any user',
  'GET /api/v1/events': 'any user',
  'GET /api/v1/tasks/:id': 'owner of task',
  'GET /api/v1/tasks/:id/events': 'owner of task',
  'DELETE /api/v1/tasks/:id': 'owner of task',
  'DELETE /api/v1/tasks/:id/items/:documentId': 'owner of task',
  'POST /api/v1/search': 'any user',
  'POST /api/v1/search/batch': 'any user',
  'POST /api/v1/query': 'any user',
  'POST /api/v1/query/batch': 'any user',
  'GET /v1/models': 'any user',
  'GET /v1/models/:id': 'owner of collection',
  'POST /v1/chat/completions': 'any user',
  'POST /v1/embeddings': 'any user',
  'POST /mcp': 'any user',
  'GET /api/v1/dashboard': 'any user',
  'GET /api/v1/conversations': 'any user',
  'POST /api/v1/conversations': 'any user',
  'GET /api/v1/conversations/:id': 'owner of conversation',
  'PATCH /api/v1/conversations/:id': 'owner of conversation',
  'DELETE /api/v1/conversations/:id': 'owner of conversation',
  'GET /api/v1/conversations/:id/messages': 'owner of conversation',
  'DELETE /api/v1/conversations/:id/messages/:messageId': 'owner of conversation',
  'POST /api/v1/messages/:id/feedback': 'owner of answer',
  'GET /api/v1/admin/users': 'admin',
  'PATCH /api/v1/admin/users/:id': 'admin',
  'GET /api/v1/admin/usage': 'admin',
  'GET /api/v1/admin/performance': 'admin',
  'GET /api/v1/admin/audit': 'admin',
  'GET /api/v1/admin/feedback': 'admin',
  'GET /api/v1/admin/feedback/export': 'admin',
  'GET /api/v1/admin/jobs': 'admin',
  'POST /api/v1/admin/jobs/:id/retry': 'admin',
};

/** Bodies with which a route would do its work, so that only the access rule can refuse it. */
const BODIES: Record<string, unknown> = {
  'PATCH /api/v1/collections/:id': { name: 'Taken over' },
  'POST /api/v1/collections': { name: 'New' },
  'POST /api/v1/documents/bulk': { documentIds: ['x'], action: { type: 'delete' } },
  'PUT /api/v1/collections/:id/members': { email: 'someone@example.org', role: 'viewer' },
  'PATCH /api/v1/documents/:id': { title: 'Taken over' },
  'PATCH /api/v1/conversations/:id': { title: 'Taken over' },
  'POST /api/v1/messages/:id/feedback': { rating: 1 },
  'PATCH /api/v1/admin/users/:id': { role: 'admin' },
  'POST /api/v1/search': { query: 'anything' },
  'POST /api/v1/search/batch': { searches: [{ query: 'anything' }] },
  'POST /api/v1/query': { query: 'anything' },
  'POST /api/v1/query/batch': { queries: [{ query: 'anything' }] },
  'POST /v1/chat/completions': { model: 'ka:all', messages: [{ role: 'user', content: 'anything' }] },
  'POST /v1/embeddings': { model: 'ka:embeddings', input: 'anything' },
  'POST /mcp': { jsonrpc: '2.0', id: 1, method: 'tools/list' },
  'POST /api/v1/documents/url': { url: 'http://127.0.0.1/' },
  'POST /api/v1/api-keys': { name: 'k' },
  'PATCH /api/v1/me': { name: 'x' },
  'DELETE /api/v1/me': { password: 'a long password' },
};
/** Reads that are sent as POST since their questions are long. */
const READS = [
  'POST /api/v1/search',
  'POST /api/v1/search/batch',
  'POST /api/v1/query',
  'POST /api/v1/query/batch',
  'POST /v1/chat/completions',
  'POST /v1/embeddings',
  'POST /mcp',
];

/** The problem that an answer tells of, in the shape of its protocol. */
function problemIn(route: string, answer: LightMyRequestResponse): { type: string; detail: string } {
  const body = answer.json();
  if (route === 'POST /mcp') return body.error.data;
  if (!route.includes(' /v1/')) return body;
  const { code, message } = body.error;
  const slug = code === 'invalid_api_key' ? 'unauthenticated' : code.replaceAll('_', '-');
  return { type: `urn:ka:error:${slug}`, detail: message };
}

const JWT_SECRET = 'the secret that signs the tokens of these people';
const SECRET_WORDS = ['Secret Harbour', 'secret-harbour'];

let app: TestApp;
let admin: TestUser;
let owner: TestUser;
let other: TestUser;
let ids: Record<Thing, string>;

beforeAll(async () => {
  app = await startTestApp({ env: { JWT_SECRET } });
  admin = await registerUser(app);
  owner = await registerUser(app);
  other = await registerUser(app);
  const collectionId = (await app.call(owner, 'POST /api/v1/collections', { name: 'Secret Harbour' })).json()
    .id;
  const taken = await takeIn(app.db, app.services.queue, {
    userId: owner.id,
    files: [
      {
        collectionId,
        filename: 'secret-harbour.txt',
        stored: { key: 'aa/none', sizeBytes: 3, sha256: 'f'.repeat(64) },
      },
    ],
  });
  const conversation = (
    await app.call(owner, 'POST /api/v1/conversations', { title: 'Secret Harbour' })
  ).json().id;
  const { answerId } = await appendExchange(app.db, {
    userId: owner.id,
    conversationId: conversation,
    question: 'Where is the Secret Harbour?',
    answer: { answer: 'Secret Harbour', answered: true, citations: [], sources: [], model: 'm' },
  });
  ids = {
    collection: collectionId,
    document: taken.documents[0]?.row.id as string,
    task: taken.taskId as string,
    conversation,
    answer: answerId,
    key: (await app.call(owner, 'POST /api/v1/api-keys', { name: 'Secret Harbour' })).json().id,
  };
});
afterAll(() => app.close());

const rules = (...kinds: string[]) =>
  Object.entries(MATRIX).filter(([, rule]) => kinds.some((kind) => rule.startsWith(kind)));
const guarded = rules('any user', 'session only', 'owner of', 'admin').map(([route]) => route);

/** The route with the ids of the owner's things in its address. */
function call(who: Who, route: string) {
  const thing = (MATRIX[route] as string).replace('owner of ', '') as Thing;
  const url = route
    .replace(':id', ids[thing] ?? owner.id)
    .replace(':userId', owner.id)
    .replace(':messageId', ids.answer)
    .replace(':documentId', ids.document);
  return app.call(who, url, BODIES[route]);
}

test('the matrix names every route of the server, and no other', () => {
  const table = app.server.routes().filter(({ method }) => method !== 'HEAD');
  expect(table.map(({ method, url }) => `${method} ${url}`).sort()).toEqual(Object.keys(MATRIX).sort());
});

test('every HEAD asks for what its GET asks', async () => {
  for (const { method, url } of app.server.routes()) {
    if (method !== 'HEAD' || MATRIX[`GET ${url}`] === 'open') continue;
    const answer = await app.call(undefined, `HEAD ${url.replaceAll(/:\w+/g, 'x')}`);
    expect([url, answer.statusCode]).toEqual([url, 401]);
  }
});

describe('nobody', () => {
  test.each(guarded)('%s is refused with 401', async (route) => {
    const answer = await call(undefined, route);
    expect(answer.statusCode).toBe(401);
    expect(problemIn(route, answer).type).toBe('urn:ka:error:unauthenticated');
  });
});

describe('another user', () => {
  test.each(rules('owner of').map(([route]) => route))('%s is not found', async (route) => {
    const answer = await call(other, route);
    expect(answer.statusCode).toBe(404);
    for (const word of SECRET_WORDS) expect(answer.body).not.toContain(word);
    // and is told in the same words as something that is not there at all
    const nothing = await app.call(other, route.replaceAll(/:\w+/g, newId()), BODIES[route]);
    expect(problemIn(route, nothing).detail).toBe(problemIn(route, answer).detail);
  });

  test('an administrator finds no more of it', async () => {
    for (const [route] of rules('owner of'))
      expect([route, (await call(admin, route)).statusCode]).toEqual([route, 404]);
  });

  test.each(rules('admin').map(([route]) => route))('%s is for administrators', async (route) => {
    expect((await call(other, route)).statusCode).toBe(403);
  });

  test('none of these tries changed anything', async () => {
    expect((await app.call(owner, `GET /api/v1/collections/${ids.collection}`)).json()).toMatchObject({
      name: 'Secret Harbour',
      documentCount: 1,
    });
    expect((await app.call(owner, `GET /api/v1/documents/${ids.document}`)).json()).toMatchObject({
      filename: 'secret-harbour.txt',
      status: 'queued',
    });
    expect((await app.call(owner, `GET /api/v1/conversations/${ids.conversation}`)).json().title).toBe(
      'Secret Harbour',
    );
    expect((await app.call(owner, `GET /api/v1/collections/${ids.collection}/members`)).json().total).toBe(1);
    expect((await app.call(owner, 'GET /api/v1/me')).json()).toMatchObject({ role: 'user' });
  });
});

describe('a member of the collection', () => {
  const things = rules('owner of');
  const ofCollection = (rule: Rule) => rule === 'owner of collection' || rule === 'owner of document';
  const join = async (role: 'viewer' | 'editor') => {
    const member = await registerUser(app);
    const members = `/api/v1/collections/${ids.collection}/members`;
    await app.call(owner, `PUT ${members}`, { email: member.email, role });
    return member;
  };

  test('as a viewer reads it and its documents, and changes nothing', async () => {
    const viewer = await join('viewer');
    for (const [route, rule] of things.filter(([, rule]) => ofCollection(rule))) {
      const answer = await call(viewer, route);
      if (!route.startsWith('GET ')) expect([route, answer.statusCode]).toEqual([route, 403]);
      else {
        expect([route, answer.statusCode]).not.toEqual([route, 403]);
        expect(answer.body, route).not.toContain(`There is no such ${rule.replace('owner of ', '')}`);
      }
    }
  });

  test('as an editor changes its documents, and not the collection', async () => {
    const editor = await join('editor');
    for (const [route, rule] of things.filter(([, rule]) => ofCollection(rule))) {
      // the document stays for those who come next
      if (route.startsWith('GET ') || route === 'DELETE /api/v1/documents/:id') continue;
      const { statusCode } = await call(editor, route);
      if (rule === 'owner of collection') expect([route, statusCode]).toEqual([route, 403]);
      else expect(statusCode, route).toBeLessThan(300);
    }
  });

  test.each(['viewer', 'editor'] as const)('as %s finds nothing else of its owner', async (role) => {
    const member = await join(role);
    for (const [route] of things.filter(([, rule]) => !ofCollection(rule))) {
      const answer = await call(member, route);
      expect([route, answer.statusCode]).toEqual([route, 404]);
      for (const word of SECRET_WORDS) expect(answer.body).not.toContain(word);
    }
  });

  test('finds nothing any more once the share is taken back', async () => {
    const editor = await join('editor');
    await app.call(owner, `DELETE /api/v1/collections/${ids.collection}/members/${editor.id}`);
    for (const [route] of things)
      expect([route, (await call(editor, route)).statusCode]).toEqual([route, 404]);
  });
});

describe('a key without the scope', () => {
  const keyOf = async (scopes: Caller['scopes'], who = owner) => ({
    token: (await app.call(who, 'POST /api/v1/api-keys', { name: 'k', scopes })).json().key as string,
  });

  test('a key for reading changes nothing', async () => {
    const reader = await keyOf(['read']);
    for (const route of guarded) {
      if (route.startsWith('GET ') || READS.includes(route)) continue;
      const answer = await call(reader, route);
      expect([route, answer.statusCode]).toEqual([route, 403]);
    }
  });

  test('a key for writing reads nothing', async () => {
    const writer = await keyOf(['write']);
    for (const route of guarded) {
      if (!route.startsWith('GET ') && !READS.includes(route)) continue;
      expect([route, (await call(writer, route)).statusCode]).toEqual([route, 403]);
    }
  });

  test('what would outlive a key needs a session', async () => {
    const both = await keyOf(['read', 'write']);
    for (const [route] of [...rules('session only'), ['DELETE /api/v1/api-keys/:id']] as [string][])
      expect([route, (await call(both, route)).statusCode]).toEqual([route, 403]);
  });

  test('an administrator’s key for reading administers nothing', async () => {
    const reader = await keyOf(['read'], admin);
    expect((await call(reader, 'GET /api/v1/admin/users')).statusCode).toBe(200);
    expect((await call(reader, 'PATCH /api/v1/admin/users/:id')).statusCode).toBe(403);
  });
});

const claimsOf = ({ token }: TestUser): { sid: string } =>
  JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());

describe('credentials that have ended, or never were', () => {
  const everywhere = async (who: Who, status: number, type: string) => {
    for (const route of guarded) {
      const answer = await call(who, route);
      const told = problemIn(route, answer).type;
      expect([route, answer.statusCode, told]).toEqual([route, status, `urn:ka:error:${type}`]);
    }
  };

  test('a suspended account is blocked everywhere', async () => {
    const someone = await registerUser(app);
    await app.call(admin, `PATCH /api/v1/admin/users/${someone.id}`, { suspended: true });
    await everywhere(someone, 403, 'account-suspended');
  });

  test('an ended session opens nothing', async () => {
    const someone = await registerUser(app);
    await app.call(someone, 'POST /api/v1/auth/logout');
    await everywhere(someone, 401, 'session-ended');
  });

  test('a session that ran out opens nothing', async () => {
    const someone = await registerUser(app);
    await app.db
      .updateTable('sessions')
      .set({ expires_at: now() })
      .where('user_id', '=', someone.id)
      .execute();
    await everywhere(someone, 401, 'session-ended');
  });

  test('an access token that ran out opens nothing', async () => {
    const claims = { userId: owner.id, sessionId: claimsOf(owner).sid };
    const tokens = createAccessTokens([JWT_SECRET], () => Date.now() - ACCESS_TOKEN_SECONDS * 1000);
    await everywhere({ token: tokens.sign(claims) }, 401, 'unauthenticated');
  });

  test.each([
    ['without a signature', '', { alg: 'none' }],
    ['by another algorithm', JWT_SECRET, { alg: 'HS512' }],
    ['with another secret', 'a secret that somebody else has thought of', { alg: 'HS256' }],
    ['without an end', JWT_SECRET, { alg: 'HS256', exp: undefined }],
  ])('a token that somebody made %s opens nothing', async (_, secret, { alg, ...changed }) => {
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const signed = `${encode({ alg, typ: 'JWT' })}.${encode({ ...claimsOf(owner), ...changed })}`;
    const mac = secret === '' ? '' : createHmac(alg.replace('HS', 'sha'), secret).update(signed);
    const signature = mac === '' ? '' : mac.digest('base64url');
    await everywhere({ token: `${signed}.${signature}` }, 401, 'unauthenticated');
  });

  test('a key that is taken back opens nothing', async () => {
    const made = (await app.call(owner, 'POST /api/v1/api-keys', { name: 'gone' })).json();
    await app.call(owner, `DELETE /api/v1/api-keys/${made.id}`);
    await everywhere({ token: made.key }, 401, 'unauthenticated');
  });

  test('a deleted account opens nothing', async () => {
    const someone = await registerUser(app);
    await app.call(someone, 'DELETE /api/v1/me', { password: someone.password });
    await everywhere(someone, 401, 'session-ended');
  });
});
