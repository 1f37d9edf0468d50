import type { RouteOptions } from 'fastify';
import { z } from 'zod';
import { apiKey, session, user } from '../../contract/auth.ts';
import { collection, member } from '../../contract/collections.ts';
import { problem } from '../../contract/common.ts';
import { conversation, message } from '../../contract/conversations.ts';
import { chunk, document } from '../../contract/documents.ts';
import { answer, citation } from '../../contract/query.ts';
import { filters, hit, searchBody, searchResult, timings } from '../../contract/search.ts';
import { adminJob, adminUser, auditEntry, usageRow } from '../../contract/system.ts';
import { task, taskItem } from '../../contract/tasks.ts';

type Json = Record<string, unknown>;
type ZodObject = z.ZodObject;
type ToJson = (schema: z.ZodType, io: 'input' | 'output') => Json;

export interface OpenApi {
  /** Called for every route before the server is ready. */
  add(route: RouteOptions): void;
  /** OpenAPI 3.1, made at the first call from the schemas that validate. */
  document(): Json;
}

const METHODS_WITH_BODY = ['POST', 'PUT', 'PATCH', 'DELETE'];

export function createOpenApi(version: string): OpenApi {
  const routes: RouteOptions[] = [];
  let made: Json | undefined;
  return {
    add(route) {
      if (route.config?.hidden !== true && route.method !== 'HEAD') routes.push(route);
    },
    document() {
      made ??= describe(routes, version);
      return made;
    },
  };
}

function describe(routes: readonly RouteOptions[], version: string): Json {
  const paths: Record<string, Json> = {};
  const schemas: Json = {};
  const toJson: ToJson = (schema, io) => {
    const options = { io, unrepresentable: 'any', target: 'draft-2020-12', metadata: named } as const;
    const text = JSON.stringify(z.toJSONSchema(schema, options)).replaceAll(
      '"#/$defs/',
      '"#/components/schemas/',
    );
    const { $schema: _, $defs, ...rest } = JSON.parse(text) as Json;
    Object.assign(schemas, $defs);
    return rest;
  };
  toJson(problem, 'output');
  const sorted = [...routes].sort((a, b) => (a.url < b.url ? -1 : a.url > b.url ? 1 : 0));
  for (const route of sorted) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    for (const method of [route.method].flat()) {
      paths[path] = {
        ...paths[path],
        [(method as string).toLowerCase()]: operation(toJson, route, method as string),
      };
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Knowledge Assistant',
      version,
      description: 'Question answering over your own documents, with citations you can check.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An access token or an API key (ka_…)' },
      },
    },
  };
}

function operation(toJson: ToJson, route: RouteOptions, method: string): Json {
  const { params, querystring, body, response } = (route.schema ?? {}) as {
    params?: ZodObject;
    querystring?: ZodObject;
    body?: z.ZodType;
    response?: Record<string, z.ZodType>;
  };
  const { access, errorShape } = route.config ?? {};
  const parameters = [...fields(toJson, 'path', params), ...fields(toJson, 'query', querystring)];
  const answers = Object.entries(response ?? { 200: undefined }).map(([status, schema]) => [
    status,
    successOf(toJson, schema),
  ]);
  return {
    operationId: `${method.toLowerCase()}${route.url.replaceAll(/[^A-Za-z0-9]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '')}`,
    tags: [tagOf(route.url)],
    ...(access === 'open' ? { security: [] } : { security: [{ bearer: [] }], 'x-access': access }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...bodyOf(toJson, route, method, body),
    responses: {
      ...Object.fromEntries(answers),
      default: errorShape === undefined ? PROBLEM : errorOf(toJson, errorShape),
    },
  };
}

const PROBLEM = {
  description: 'A problem (RFC 9457)',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

const errorOf = (toJson: ToJson, shape: z.ZodType): Json => ({
  description: 'An error',
  content: { 'application/json': { schema: toJson(shape, 'output') } },
});

const file = { type: 'string', contentMediaType: 'application/octet-stream' };
const text = { type: 'string' };
/** Forms are read as they arrive, by no schema. */
const FORMS: Readonly<Record<string, Json>> = {
  '/api/v1/documents': {
    type: 'object',
    properties: { file, collectionId: text, title: text, tags: text },
    required: ['file'],
  },
  '/api/v1/documents/batch': {
    type: 'object',
    properties: { file: { type: 'array', items: file }, collectionId: text, tags: text },
    required: ['file'],
  },
};

/** `/api/v1/documents/…` → `documents`. */
const tagOf = (url: string): string => /^\/(?:api\/)?(?:v1\/)?([\w-]+)/.exec(url)?.[1] ?? 'other';

function fields(toJson: ToJson, place: 'path' | 'query', schema: ZodObject | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = toJson(schema, 'input') as {
    properties?: Json;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }));
}

function bodyOf(toJson: ToJson, route: RouteOptions, method: string, body: z.ZodType | undefined): Json {
  const form = FORMS[route.url];
  if (form !== undefined && method === 'POST')
    return { requestBody: { required: true, content: { 'multipart/form-data': { schema: form } } } };
  if (body === undefined || !METHODS_WITH_BODY.includes(method)) return {};
  const required = !body.safeParse(undefined).success;
  return { requestBody: { required, content: { 'application/json': { schema: toJson(body, 'input') } } } };
}

function successOf(toJson: ToJson, schema: z.ZodType | undefined): Json {
  if (schema === undefined) return { description: 'The content' };
  if (schema instanceof z.ZodNull) return { description: 'Done' };
  return { description: 'Success', content: { 'application/json': { schema: toJson(schema, 'output') } } };
}

/** Shapes that several routes share: described once, under their name. */
const named = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries({
  Problem: problem,
  User: user,
  Session: session,
  ApiKey: apiKey,
  Collection: collection,
  Member: member,
  Document: document,
  Chunk: chunk,
  Task: task,
  TaskItem: taskItem,
  Filters: filters,
  Hit: hit,
  Timings: timings,
  SearchRequest: searchBody,
  SearchResult: searchResult,
  Citation: citation,
  Answer: answer,
  Conversation: conversation,
  Message: message,
  AdminUser: adminUser,
  AdminJob: adminJob,
  AuditEntry: auditEntry,
  Usage: usageRow,
})) {
  named.add(schema, { id });
}
