import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, registerClient } from '../bench/lib/server.ts';
import type { Answer } from '../src/contract/query.ts';
import type { SearchResult } from '../src/contract/search.ts';
import { newId } from '../src/server/records/ids.ts';
import { openReplica, type Replica } from './support/replica.ts';

/**
 * Ids of other people's things wherever a request can name one beside its address: in queries, bodies, filters, batches and
 * tools. The places come from the OpenAPI document, so that a new one fails the test until it is in the table. Somebody
 * else's id is answered in the words of one that never was, and one's own does the work.
 */
interface Things {
  readonly collection: string;
  readonly document: string;
  readonly conversation: string;
  readonly message: string;
  readonly user: string;
}
interface Place {
  readonly thing: keyof Things;
  /** What is sent with this id, whoever's it is, by somebody who owns `own`. */
  request(id: string, own: Things & { readonly task: string }): Sent;
}
interface Sent {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly form?: Readonly<Record<string, string>>;
}

const post = (path: string, body: unknown): Sent => ({ method: 'POST', path, body });
const get = (path: string): Sent => ({ method: 'GET', path });
const query = 'Where do the ferrets of Marrow Quay sleep?';
const upload = (path: string, collectionId: string): Sent => ({
  method: 'POST',
  path,
  form: { collectionId, file: `a file ${newId()}` },
});
const tool = (name: string, args: Record<string, unknown>): Sent =>
  post('/mcp', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });

const PLACES: Readonly<Record<string, Place | 'for administrators' | 'no id'>> = {
  'GET /api/v1/admin/audit query:actorId': 'for administrators',
  'GET /api/v1/admin/usage query:userId': 'for administrators',
  'DELETE /api/v1/collections/{id}/members/{userId} path:userId': {
    thing: 'user',
    request: (id, own) => ({ method: 'DELETE', path: `/api/v1/collections/${own.collection}/members/${id}` }),
  },
  'DELETE /api/v1/conversations/{id}/messages/{messageId} path:messageId': {
    thing: 'message',
    request: (id, own) => ({
      method: 'DELETE',
      path: `/api/v1/conversations/${own.conversation}/messages/${id}`,
    }),
  },
  'DELETE /api/v1/tasks/{id}/items/{documentId} path:documentId': {
    thing: 'document',
    request: (id, own) => ({ method: 'DELETE', path: `/api/v1/tasks/${own.task}/items/${id}` }),
  },
  'GET /api/v1/documents query:collectionId': {
    thing: 'collection',
    request: (id) => get(`/api/v1/documents?collectionId=${id}`),
  },
  'GET /api/v1/documents/facets query:collectionId': {
    thing: 'collection',
    request: (id) => get(`/api/v1/documents/facets?collectionId=${id}`),
  },
  'POST /api/v1/documents body:collectionId': {
    thing: 'collection',
    request: (id) => upload('/api/v1/documents', id),
  },
  'POST /api/v1/documents/batch body:collectionId': {
    thing: 'collection',
    request: (id) => upload('/api/v1/documents/batch', id),
  },
  'POST /api/v1/documents/url body:collectionId': {
    thing: 'collection',
    request: (id) => post('/api/v1/documents/url', { url: 'https://ka.invalid/a.txt', collectionId: id }),
  },
  'PATCH /api/v1/documents/{id} body:collectionId': {
    thing: 'collection',
    request: (id, own) => ({
      method: 'PATCH',
      path: `/api/v1/documents/${own.document}`,
      body: { collectionId: id },
    }),
  },
  'POST /api/v1/documents/bulk body:documentIds': {
    thing: 'document',
    request: (id) =>
      post('/api/v1/documents/bulk', { documentIds: [id], action: { type: 'tag', add: ['taken'] } }),
  },
  'POST /api/v1/documents/bulk body:action.collectionId': {
    thing: 'collection',
    request: (id, own) =>
      post('/api/v1/documents/bulk', {
        documentIds: [own.document],
        action: { type: 'move', collectionId: id },
      }),
  },
  'POST /api/v1/search body:filters.documentIds': {
    thing: 'document',
    request: (id) => post('/api/v1/search', { query, filters: { documentIds: [id] } }),
  },
  'POST /api/v1/search body:filters.collectionIds': {
    thing: 'collection',
    request: (id) => post('/api/v1/search', { query, filters: { collectionIds: [id] } }),
  },
  'POST /api/v1/search/batch body:searches[].filters.documentIds': {
    thing: 'document',
    request: (id) => post('/api/v1/search/batch', { searches: [{ query, filters: { documentIds: [id] } }] }),
  },
  'POST /api/v1/search/batch body:searches[].filters.collectionIds': {
    thing: 'collection',
    request: (id) =>
      post('/api/v1/search/batch', { searches: [{ query, filters: { collectionIds: [id] } }] }),
  },
  'POST /api/v1/query body:filters.documentIds': {
    thing: 'document',
    request: (id) => post('/api/v1/query', { query, filters: { documentIds: [id] } }),
  },
  'POST /api/v1/query body:filters.collectionIds': {
    thing: 'collection',
    request: (id) => post('/api/v1/query', { query, filters: { collectionIds: [id] } }),
  },
  'POST /api/v1/query body:collectionId': {
    thing: 'collection',
    request: (id) => post('/api/v1/query', { query, collectionId: id }),
  },
  'POST /api/v1/query body:conversationId': {
    thing: 'conversation',
    request: (id) => post('/api/v1/query', { query, conversationId: id }),
  },
  'POST /api/v1/query body:model': 'no id',
  'POST /api/v1/query/batch body:queries[].filters.documentIds': {
    thing: 'document',
    request: (id) => post('/api/v1/query/batch', { queries: [{ query, filters: { documentIds: [id] } }] }),
  },
  'POST /api/v1/query/batch body:queries[].filters.collectionIds': {
    thing: 'collection',
    request: (id) => post('/api/v1/query/batch', { queries: [{ query, filters: { collectionIds: [id] } }] }),
  },
  'POST /api/v1/query/batch body:queries[].collectionId': {
    thing: 'collection',
    request: (id) => post('/api/v1/query/batch', { queries: [{ query, collectionId: id }] }),
  },
  'POST /api/v1/query/batch body:queries[].conversationId': {
    thing: 'conversation',
    request: (id) => post('/api/v1/query/batch', { queries: [{ query, conversationId: id }] }),
  },
  'POST /api/v1/query/batch body:queries[].model': 'no id',
  'POST /v1/chat/completions body:model': {
    thing: 'collection',
    request: (id) =>
      post('/v1/chat/completions', { model: `ka:${id}`, messages: [{ role: 'user', content: query }] }),
  },
  'POST /v1/embeddings body:model': 'no id',
};

/** Tools are described by their own protocol. */
const TOOLS: Readonly<Record<string, Place>> = {
  'search in a collection': {
    thing: 'collection',
    request: (id) => tool('search', { query, collection: id }),
  },
  'search in documents': { thing: 'document', request: (id) => tool('search', { query, documentIds: [id] }) },
  'ask a collection': {
    thing: 'collection',
    request: (id) => tool('ask', { question: query, collection: id }),
  },
  'list the documents of a collection': {
    thing: 'collection',
    request: (id) => tool('list_documents', { collection: id }),
  },
  'get a document': { thing: 'document', request: (id) => tool('get_document', { documentId: id }) },
};

const SECRET = 'Marrow Quay';
const TEXT = `The ferrets of ${SECRET} sleep in a red boat.`;

let dataDir: string;
let replica: Replica;
let people: { readonly client: Client; readonly things: Things & { readonly task: string } }[];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'ka-foreign-'));
  replica = await openReplica({ DATA_DIR: dataDir });
  people = [];
  for (const email of ['owner@example.org', 'other@example.org']) {
    const client = await registerClient(replica.url, email);
    const { taskId, documents } = await client.upload([
      { name: `${email}.txt`, bytes: Buffer.from(email.startsWith('owner') ? TEXT : 'A page of my own.') },
    ]);
    await client.finished(taskId);
    const document = documents[0]?.id as string;
    const { collectionId } = await client.get<{ collectionId: string }>(`/api/v1/documents/${document}`);
    const { id: conversation } = await client.post<{ id: string }>('/api/v1/conversations', {});
    await client.post('/api/v1/query', { query, conversationId: conversation });
    const messages = await client.get<{ items: { id: string }[] }>(
      `/api/v1/conversations/${conversation}/messages`,
    );
    const { id: user } = await client.get<{ id: string }>('/api/v1/me');
    const message = messages.items[0]?.id as string;
    people.push({
      client,
      things: { collection: collectionId, document, conversation, message, user, task: taskId },
    });
  }
});
afterAll(async () => {
  await replica.close();
  rmSync(dataDir, { recursive: true });
});

async function send(client: Client, { method, path, body, form }: Sent) {
  const headers: Record<string, string> = {
    authorization: `Bearer ${client.token}`,
    accept: path === '/mcp' ? 'application/json, text/event-stream' : 'application/json',
  };
  let content: FormData | string | undefined;
  if (form !== undefined) {
    content = new FormData();
    for (const [name, value] of Object.entries(form))
      content.append(name, ...((name === 'file' ? [new Blob([value]), 'a.txt'] : [value]) as [string]));
  } else if (body !== undefined) {
    headers['content-type'] = 'application/json';
    content = JSON.stringify(body);
  }
  const response = await fetch(replica.url + path, {
    method,
    headers,
    ...(content === undefined ? {} : { body: content }),
  });
  return { status: response.status, text: await response.text() };
}

/** Without what differs from one answer to the next. */
const plain = (text: string, id: string): string =>
  text
    .replaceAll(id, '<id>')
    .replaceAll(/"(?:requestId|id|created|instance)":(?:"[^"]*"|\d+)/g, '')
    .replaceAll(/"(?:tookMs|\w+Ms)":[\d.e-]+/g, '');

async function sameAsNothing({ thing, request }: Place): Promise<void> {
  const [owner, other] = people as [(typeof people)[0], (typeof people)[0]];
  const foreign = owner.things[thing];
  const never = newId();
  const answer = await send(other.client, request(foreign, other.things));
  const nothing = await send(other.client, request(never, other.things));
  expect(answer.text).not.toContain(SECRET);
  expect([answer.status, plain(answer.text, foreign)]).toEqual([nothing.status, plain(nothing.text, never)]);
  const own = await send(other.client, request(other.things[thing], other.things));
  expect(own.text).not.toContain('urn:ka:error:validation');
  expect(plain(own.text, other.things[thing])).not.toEqual(plain(answer.text, foreign));
}

type Schema = Readonly<Record<string, unknown>>;

/** Every property of requests that looks like an id or names a model, beside the thing that the address is about. */
async function placesDescribed(): Promise<string[]> {
  const described = (await (await fetch(`${replica.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Schema>>;
  };
  const isId = (name: string) => /(?:^id|Ids?)$/.test(name) || name === 'model';
  const resolved = (schema: Schema): Schema =>
    typeof schema['$ref'] === 'string'
      ? schema['$ref']
          .split('/')
          .slice(1)
          .reduce((part, name) => part[name] as Schema, described as unknown as Schema)
      : schema;
  const idsIn = (schema: Schema, path = ''): string[] => {
    const { properties = {}, items, anyOf, oneOf, allOf } = resolved(schema);
    const fields = Object.entries(properties as Record<string, Schema>).flatMap(([name, field]) => {
      const at = path === '' ? name : `${path}.${name}`;
      return [...(isId(name) ? [at] : []), ...idsIn(field, at)];
    });
    const choices = [anyOf, oneOf, allOf].flatMap((all) => (all ?? []) as Schema[]);
    return [
      ...fields,
      ...choices.flatMap((choice) => idsIn(choice, path)),
      ...(items === undefined ? [] : idsIn(items as Schema, `${path}[]`)),
    ];
  };
  return Object.entries(described.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { parameters = [], requestBody }]) => {
      const named = (parameters as { name: string; in: string }[])
        .filter(
          ({ name, in: where }) => where !== 'header' && isId(name) && !(where === 'path' && name === 'id'),
        )
        .map(({ name, in: where }) => `${where}:${name}`);
      const contents =
        (requestBody as { content: Record<string, { schema: Schema }> } | undefined)?.content ?? {};
      const inBody = Object.values(contents).flatMap(({ schema }) => idsIn(schema).map((at) => `body:${at}`));
      return [...new Set([...named, ...inBody])].map((place) => `${method.toUpperCase()} ${path} ${place}`);
    }),
  );
}

test('the table names every place of the OpenAPI document that takes an id', async () => {
  expect(Object.keys(PLACES).sort()).toEqual((await placesDescribed()).sort());
});

describe('somebody else’s id is one that never was', () => {
  const routes = Object.entries(PLACES).flatMap(([name, place]) =>
    typeof place === 'string' ? [] : [[name, place] as const],
  );
  test.each([...routes, ...Object.entries(TOOLS)])('%s', (_, place) => sameAsNothing(place));
});

describe('what is kept for a question', () => {
  const ask = (who: Client) => who.post<Answer>('/api/v1/query', { query });
  const find = (who: Client) => who.post<SearchResult>('/api/v1/search', { query });

  test('is nobody else’s, asked in the same words', async () => {
    const [owner, other] = people as [(typeof people)[0], (typeof people)[0]];
    for (let time = 0; time < 2; time++) {
      expect((await ask(owner.client)).answer).toContain('red boat');
      expect(JSON.stringify(await ask(other.client))).not.toContain(SECRET);
      expect((await find(owner.client)).hits[0]?.text).toBe(TEXT);
      expect(JSON.stringify(await find(other.client))).not.toContain(SECRET);
    }
  });

  test('is found by those it was shared with, and no more when the share is taken back', async () => {
    const [owner, other] = people as [(typeof people)[0], (typeof people)[0]];
    const members = `/api/v1/collections/${owner.things.collection}/members`;
    const shared = async (method: 'PUT' | 'DELETE') => {
      const { status } = await send(owner.client, {
        method,
        path: method === 'PUT' ? members : `${members}/${other.things.user}`,
        ...(method === 'PUT' ? { body: { email: 'other@example.org', role: 'viewer' } } : {}),
      });
      expect(status).toBeLessThan(300);
    };
    await shared('PUT');
    for (let time = 0; time < 2; time++) {
      expect((await ask(other.client)).answer).toContain('red boat');
      expect((await find(other.client)).hits[0]?.text).toBe(TEXT);
    }
    await shared('DELETE');
    expect(JSON.stringify(await ask(other.client))).not.toContain(SECRET);
    expect(JSON.stringify(await find(other.client))).not.toContain(SECRET);
  });
});
