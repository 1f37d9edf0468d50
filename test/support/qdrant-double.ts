import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 * A stand-in for Qdrant over real HTTP: the routes, bodies and answers that the driver uses, as the API of 1.16 to
 * 1.19 documents them. It compares every vector (no graph, no codes), keeps everything in memory and knows nothing
 * of clusters; so it proves what is asked for and how answers are read, and nothing of Qdrant's recall or speed.
 * A body with a field that it does not know is refused, so that a misspelt one is found.
 */
export interface QdrantDouble {
  readonly url: string;
  /** `METHOD /path` of every request, without the query. */
  readonly requests: string[];
  /** Bodies of the last requests, as JSON. */
  readonly bodies: unknown[];
  readonly collections: Map<string, QdrantCollection>;
  readonly aliases: Map<string, string>;
  /** Answers so many requests with this status first. */
  fail(status: number, times: number): void;
  close(): Promise<void>;
}

export interface Point {
  readonly vector: Readonly<Record<string, readonly number[]>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

export interface QdrantCollection {
  config: {
    params: { vectors: Record<string, { size: number; distance: string }> };
    hnsw_config: object;
    quantization_config: object | null;
  };
  readonly indexes: Record<string, { data_type: string; params: object; points: number }>;
  readonly points: Map<number, Point>;
  readonly snapshots: Map<string, Buffer>;
}

interface Filter {
  readonly must?: readonly Condition[];
  readonly should?: readonly Condition[];
  readonly must_not?: readonly Condition[];
}
interface Condition extends Filter {
  readonly key?: string;
  readonly match?: { readonly value: unknown };
  readonly range?: { readonly gte?: number; readonly lt?: number };
  readonly has_id?: readonly number[];
}

class Refusal extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

type Json = Record<string, unknown>;

export async function startQdrantDouble({
  apiKey,
  version = '1.19.0',
}: {
  apiKey?: string;
  version?: string;
} = {}): Promise<QdrantDouble> {
  const collections = new Map<string, QdrantCollection>();
  const aliases = new Map<string, string>();
  const requests: string[] = [];
  const bodies: unknown[] = [];
  const failing = { status: 0, times: 0 };

  async function answer(request: IncomingMessage): Promise<unknown> {
    const { pathname, searchParams } = new URL(request.url as string, 'http://double');
    const method = request.method as string;
    requests.push(`${method} ${pathname}`);
    const bytes = await buffer(request);
    if (apiKey !== undefined && request.headers['api-key'] !== apiKey)
      throw new Refusal(401, 'Must provide an API key or an Authorization bearer token');
    if (failing.times > 0) {
      failing.times--;
      throw new Refusal(failing.status, 'told to fail');
    }
    if (pathname === '/') return { title: 'qdrant - vector search engine', version };
    const parts = pathname.split('/').slice(1).map(decodeURIComponent);
    if (parts[0] === 'collections' && parts[2] === 'snapshots')
      return snapshots(method, parts, bytes, request.headers['content-type'] ?? '');
    const body = (bytes.length > 0 ? JSON.parse(bytes.toString()) : {}) as Json;
    bodies.push(body);
    if (bodies.length > 50) bodies.shift();
    const wait = searchParams.get('wait') === 'true';
    return { result: route(`${method} ${parts[2] ? parts.slice(2).join('/') : ''}`, parts, body, wait) };
  }

  function route(what: string, [first, name = '']: string[], body: Json, wait: boolean): unknown {
    if (first === 'aliases')
      return {
        aliases: [...aliases].map(([alias_name, collection_name]) => ({ alias_name, collection_name })),
      };
    if (first !== 'collections') throw new Refusal(404, 'Not found');
    if (name === 'aliases') return changeAliases(body);
    if (what === 'PUT ') return createCollection(name, body);
    const collection = collections.get(aliases.get(name) ?? name);
    if (collection === undefined) throw new Refusal(404, `Not found: Collection \`${name}\` doesn't exist!`);
    switch (what) {
      case 'GET ':
        return {
          status: 'green',
          points_count: collection.points.size,
          config: collection.config,
          payload_schema: collection.indexes,
        };
      case 'PATCH ':
        only(body, 'hnsw_config', 'quantization_config');
        Object.assign(collection.config, body);
        return true;
      case 'DELETE ':
        return collections.delete(name);
      case 'PUT index': {
        only(body, 'field_name', 'field_schema');
        const { type, ...params } = body['field_schema'] as { type: string };
        collection.indexes[body['field_name'] as string] = { data_type: type, params, points: 0 };
        return { status: 'completed' };
      }
      case 'PUT points':
        only(body, 'points');
        for (const point of body['points'] as Json[]) putPoint(collection, point);
        return { status: wait ? 'completed' : 'acknowledged' };
      case 'POST points/delete': {
        only(body, 'filter');
        for (const [id, point] of collection.points)
          if (passes(body['filter'] as Filter, id, point)) collection.points.delete(id);
        return { status: wait ? 'completed' : 'acknowledged' };
      }
      case 'POST points/query':
        return query(collection, body);
      case 'POST points/query/batch':
        only(body, 'searches');
        return (body['searches'] as Json[]).map((search) => query(collection, search));
      case 'POST points/scroll': {
        only(body, 'filter', 'offset', 'limit', 'with_payload', 'with_vector');
        const ids = [...collection.points]
          .filter(
            ([id, point]) => id >= (body['offset'] as number) && passes(body['filter'] as Filter, id, point),
          )
          .map(([id]) => id)
          .sort((a, b) => a - b);
        const limit = body['limit'] as number;
        return {
          points: ids.slice(0, limit).map((id) => ({ id })),
          next_page_offset: ids[limit] ?? null,
        };
      }
      case 'POST facet': {
        only(body, 'key', 'limit', 'exact');
        const counts = Map.groupBy(
          collection.points.values(),
          ({ payload }) => payload[body['key'] as string],
        );
        return { hits: [...counts].map(([value, points]) => ({ value, count: points.length })) };
      }
      default:
        throw new Refusal(404, 'Not found');
    }
  }

  function createCollection(name: string, body: Json): boolean {
    only(body, 'vectors', 'hnsw_config', 'quantization_config', 'on_disk_payload');
    if (collections.has(name)) throw new Refusal(409, `Wrong input: Collection \`${name}\` already exists!`);
    const vectors = body['vectors'] as Record<string, { size: number; distance: string }>;
    for (const params of Object.values(vectors))
      only(params, 'size', 'distance', ...(version >= '1.19' ? ['memory'] : ['on_disk']));
    collections.set(name, {
      config: {
        params: { vectors },
        hnsw_config: body['hnsw_config'] as object,
        quantization_config: (body['quantization_config'] as object) ?? null,
      },
      indexes: {},
      points: new Map(),
      snapshots: new Map(),
    });
    return true;
  }

  function changeAliases(body: Json): boolean {
    only(body, 'actions');
    for (const action of body['actions'] as Record<
      string,
      { alias_name: string; collection_name: string }
    >[]) {
      const { delete_alias: gone, create_alias: made } = action;
      if (gone !== undefined) aliases.delete(gone.alias_name);
      if (made !== undefined) {
        if (!collections.has(made.collection_name)) throw new Refusal(404, 'Not found');
        aliases.set(made.alias_name, made.collection_name);
      }
    }
    return true;
  }

  /** A snapshot is the points as JSON. */
  function snapshots(method: string, parts: string[], bytes: Buffer, contentType: string): unknown {
    const [, name = '', , file = ''] = parts;
    const collection = collections.get(name);
    if (collection === undefined) throw new Refusal(404, 'Not found');
    if (method === 'POST' && file === 'upload') {
      const boundary = /boundary=(.+)$/.exec(contentType)?.[1];
      const body = bytes.toString();
      if (boundary === undefined || !body.endsWith(`\r\n--${boundary}--\r\n`))
        throw new Refusal(400, 'bad form');
      const content = body.slice(body.indexOf('\r\n\r\n') + 4, body.lastIndexOf(`\r\n--${boundary}`));
      collection.points.clear();
      for (const [id, point] of JSON.parse(content) as [number, Point][]) collection.points.set(id, point);
      return { result: true };
    }
    if (method === 'POST') {
      const made = `${name}-${collection.snapshots.size}.snapshot`;
      const copy = Buffer.from(JSON.stringify([...collection.points]));
      collection.snapshots.set(made, copy);
      return { result: { name: made, size: copy.length } };
    }
    const found = collection.snapshots.get(file);
    if (found === undefined) throw new Refusal(404, 'Not found');
    if (method === 'DELETE') return { result: collection.snapshots.delete(file) };
    return found;
  }

  const server: Server = createServer((request, response) => {
    answer(request).then(
      (content) => {
        if (Buffer.isBuffer(content)) response.end(content);
        else
          response
            .setHeader('content-type', 'application/json')
            .end(JSON.stringify({ ...(content as object), status: 'ok', time: 0 }));
      },
      (error: Error) => {
        response.statusCode = error instanceof Refusal ? error.status : 500;
        response.end(JSON.stringify({ status: { error: error.message }, time: 0 }));
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    bodies,
    collections,
    aliases,
    fail(status, times) {
      Object.assign(failing, { status, times });
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function only(body: object, ...known: string[]): void {
  for (const key of Object.keys(body))
    if (!known.includes(key)) throw new Refusal(400, `Format error in JSON body: unknown field \`${key}\``);
}

function putPoint({ config, points }: QdrantCollection, point: Json): void {
  only(point, 'id', 'vector', 'payload');
  const { id, vector, payload } = point as unknown as { id: number } & Point;
  if (!Number.isSafeInteger(id) || id < 0) throw new Refusal(400, `${id} is not a valid point ID`);
  const stored: Record<string, number[]> = {};
  for (const [name, values] of Object.entries(vector)) {
    stored[name] = unit(values, config.params.vectors[name]?.size);
  }
  points.set(id, { vector: stored, payload });
}

/** Vectors that are compared by cosine are kept normalized, in float32. */
function unit(values: readonly number[], size: number | undefined): number[] {
  if (values.length !== size)
    throw new Refusal(
      400,
      `Wrong input: Vector dimension error: expected dim: ${size}, got ${values.length}`,
    );
  const length = Math.hypot(...values);
  return Array.from(Float32Array.from(values, (value) => (length > 0 ? value / length : 0)));
}

function query({ config, indexes, points }: QdrantCollection, body: Json): { points: object[] } {
  only(body, 'query', 'using', 'filter', 'limit', 'params', 'with_payload');
  only(body['params'] as object, 'hnsw_ef', 'exact', 'quantization');
  const using = body['using'] as string;
  const vector = unit(body['query'] as number[], config.params.vectors[using]?.size);
  const filter = body['filter'] as Filter;
  for (const key of keysOf(filter))
    if (indexes[key] === undefined)
      throw new Refusal(400, `Bad request: Index required but not found for "${key}"`);
  return {
    points: [...points]
      .filter(([id, point]) => passes(filter, id, point))
      .map(([id, point]) => ({
        id,
        score: (point.vector[using] as number[]).reduce((sum, x, i) => sum + x * (vector[i] as number), 0),
      }))
      .sort((a, b) => b.score - a.score)
      .slice(0, body['limit'] as number),
  };
}

const conditionsOf = ({ must = [], should = [], must_not = [] }: Filter) => [...must, ...should, ...must_not];
const keysOf = (filter: Filter): string[] =>
  conditionsOf(filter).flatMap((condition) => [
    ...(condition.key === undefined ? [] : [condition.key]),
    ...keysOf(condition),
  ]);

function passes(filter: Filter, id: number, point: Point): boolean {
  only(filter, 'must', 'should', 'must_not');
  const { must = [], should = [], must_not = [] } = filter;
  return (
    must.every((condition) => meets(condition, id, point)) &&
    (should.length === 0 || should.some((condition) => meets(condition, id, point))) &&
    !must_not.some((condition) => meets(condition, id, point))
  );
}

function meets(condition: Condition, id: number, point: Point): boolean {
  if (condition.has_id !== undefined) return condition.has_id.includes(id);
  if (condition.key === undefined) return passes(condition, id, point);
  only(condition, 'key', 'match', 'range');
  const value = point.payload[condition.key];
  if (condition.match !== undefined) return value === condition.match.value;
  const { gte = Number.NEGATIVE_INFINITY, lt = Number.POSITIVE_INFINITY } = condition.range ?? {};
  return typeof value === 'number' && value >= gte && value < lt;
}
