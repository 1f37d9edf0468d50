import { createHash } from 'node:crypto';
import { AppError } from '../../errors.ts';
import { createJsonService, type JsonService, ServiceRefusal } from '../json-service.ts';

export interface QdrantOptions {
  readonly url: string;
  readonly apiKey?: string | undefined;
  /** Names the installation: others may use the same server. */
  readonly prefix: string;
  /** Of the embedder. Each has a collection of its own, so that vectors of two never mix. */
  readonly fingerprint: string;
  readonly dimensions: number;
}

/** One installation's collection in Qdrant. */
export interface Qdrant {
  readonly dimensions: number;
  readonly collection: string;
  readonly service: JsonService;
  /** `/collections/<name><rest>`. */
  path(rest?: string): string;
  /**
   * Makes the collection, its payload indexes and the alias of the live one where they are missing, and checks
   * what is there.
   *
   * @returns whether it holds nothing: what the records have must be brought there.
   * @throws AppError INDEX_MISMATCH when the collection holds other vectors, CONFIGURATION in a sentence when the
   *   server is too old, UpstreamError when it can't be asked.
   */
  prepare(): Promise<{ empty: boolean }>;
  /** @throws AppError INDEX_MISMATCH when the collection is not there or holds vectors of another length. */
  check(signal?: AbortSignal): Promise<void>;
  /** The collection that the alias names; undefined when there is none yet. */
  live(): Promise<string | undefined>;
  /** Points the alias to this collection, in one step: after a re-index. */
  makeLive(): Promise<void>;
  probe(signal?: AbortSignal): Promise<{ version: string; points: number; status: string }>;
  close(): void;
}

/** Vectors are named, so that another kind can stand beside them one day. */
export const VECTOR = 'passage';
/** Payload: the collection's number as text, as a tenant index asks for, and the ordinal within it. */
export const TENANT = 'c';
export const ORDINAL = 'o';
export const tenantIs = (no: number) => ({ key: TENANT, match: { value: String(no) } });

const OLDEST_VERSION = [1, 16] as const;
/** From here on `memory` says where things are kept. */
const MEMORY_VERSION = [1, 19] as const;

/** A graph for each tenant and none over all: every search names its tenant. */
const HNSW = { m: 0, payload_m: 16, ef_construct: 100 } as const;
const QUANTILE = 0.99;

interface CollectionInfo {
  readonly status: string;
  readonly points_count?: number | null;
  readonly config: {
    readonly params: {
      readonly vectors?: Readonly<Record<string, { size?: number; distance?: string } | undefined>>;
    };
    readonly hnsw_config: {
      readonly m?: number;
      readonly payload_m?: number;
      readonly ef_construct?: number;
    };
    readonly quantization_config?: { readonly scalar?: { readonly type?: string } } | null;
  };
  readonly payload_schema: Readonly<
    Record<string, { data_type: string; params?: { is_tenant?: boolean | null } | null } | undefined>
  >;
}

/** The server's version. @throws UpstreamError when it can't be asked. */
export async function probeQdrant({ url, apiKey }: Pick<QdrantOptions, 'url' | 'apiKey'>): Promise<string> {
  const service = openService(url, apiKey);
  try {
    const { version } = (await service.call('GET', '/')) as { version: string };
    return version;
  } finally {
    service.close();
  }
}

const openService = (url: string, apiKey: string | undefined): JsonService =>
  createJsonService({
    name: 'Qdrant',
    url,
    headers: apiKey === undefined ? {} : { 'api-key': apiKey },
  });

export function openQdrant({ url, apiKey, prefix, fingerprint, dimensions }: QdrantOptions): Qdrant {
  const service = openService(url, apiKey);
  const hash = createHash('sha256').update(fingerprint).digest('hex').slice(0, 12);
  const collection = `${prefix}-${dimensions}-${hash}`;
  const alias = `${prefix}-live`;
  const path = (rest = '') => `/collections/${encodeURIComponent(collection)}${rest}`;

  const result = async <T>(...call: Parameters<JsonService['call']>): Promise<T> =>
    ((await service.call(...call)) as { result: T }).result;

  async function info(signal?: AbortSignal): Promise<CollectionInfo | undefined> {
    try {
      return await result<CollectionInfo>('GET', path(), undefined, { signal });
    } catch (error) {
      if (error instanceof ServiceRefusal && error.status === 404) return undefined;
      throw error;
    }
  }

  async function version(signal?: AbortSignal): Promise<string> {
    return ((await service.call('GET', '/', undefined, { signal })) as { version: string }).version;
  }

  async function create(placement: Placement): Promise<void> {
    try {
      await result('PUT', path(), {
        vectors: { [VECTOR]: { size: dimensions, distance: 'Cosine', ...placement.originals } },
        hnsw_config: HNSW,
        quantization_config: {
          scalar: { type: 'int8', quantile: QUANTILE, ...placement.codes },
        },
        on_disk_payload: true,
      });
    } catch (error) {
      // another process was quicker
      if (!(error instanceof ServiceRefusal) || error.status !== 409) throw error;
    }
  }

  async function complete({ payload_schema: indexes }: CollectionInfo): Promise<void> {
    const index = (field_name: string, field_schema: object) =>
      result('PUT', path('/index?wait=true'), { field_name, field_schema });
    if (indexes[TENANT]?.params?.is_tenant !== true)
      await index(TENANT, { type: 'keyword', is_tenant: true });
    if (indexes[ORDINAL]?.data_type !== 'integer')
      await index(ORDINAL, { type: 'integer', lookup: false, range: true });
  }

  /** What may be changed while the collection serves is brought to what is measured here. */
  async function tune({ config }: CollectionInfo, placement: Placement): Promise<void> {
    const { m, payload_m, ef_construct } = config.hnsw_config;
    const graphs = m === HNSW.m && payload_m === HNSW.payload_m && ef_construct === HNSW.ef_construct;
    const codes = config.quantization_config?.scalar?.type === 'int8';
    if (graphs && codes) return;
    await result('PATCH', path(), {
      hnsw_config: HNSW,
      quantization_config: { scalar: { type: 'int8', quantile: QUANTILE, ...placement.codes } },
    });
  }

  function compare({ config }: CollectionInfo): void {
    const vectors = config.params.vectors?.[VECTOR];
    if (vectors?.size === dimensions && vectors.distance === 'Cosine') return;
    throw new AppError(
      'INDEX_MISMATCH',
      `The Qdrant collection ${collection} holds ${
        vectors === undefined ? 'no vectors of ours' : `${vectors.size} dimensions by ${vectors.distance}`
      }, where ${dimensions} by Cosine are needed: remove or rename it, and it is built again.`,
    );
  }

  async function live(): Promise<string | undefined> {
    const { aliases } = await result<{ aliases: { alias_name: string; collection_name: string }[] }>(
      'GET',
      '/aliases',
    );
    return aliases.find(({ alias_name }) => alias_name === alias)?.collection_name;
  }

  async function makeLive(): Promise<void> {
    const there = (await live()) !== undefined;
    await result('POST', '/collections/aliases', {
      actions: [
        ...(there ? [{ delete_alias: { alias_name: alias } }] : []),
        { create_alias: { collection_name: collection, alias_name: alias } },
      ],
    });
  }

  return {
    dimensions,
    collection,
    service,
    path,
    live,
    makeLive,
    async prepare() {
      const placement = placementFor(await version());
      let found = await info();
      if (found === undefined) {
        await create(placement);
        found = await info();
      }
      if (found === undefined) throw new Error(`the collection ${collection} is gone again`);
      compare(found);
      await tune(found, placement);
      await complete(found);
      if ((await live()) === undefined) await makeLive();
      return { empty: (found.points_count ?? 0) === 0 };
    },
    async check(signal) {
      const found = await info(signal);
      if (found === undefined)
        throw new AppError('INDEX_MISMATCH', `Qdrant has no collection ${collection}: start a worker once.`);
      compare(found);
    },
    async probe(signal) {
      const [serverVersion, found] = await Promise.all([version(signal), info(signal)]);
      return {
        version: serverVersion,
        points: found?.points_count ?? 0,
        status: found?.status ?? 'missing',
      };
    },
    close: () => service.close(),
  };
}

/** Codes stay in memory, the originals on disk: the rescoring of one search reads a few of them. */
interface Placement {
  readonly originals: object;
  readonly codes: object;
}

function placementFor(version: string): Placement {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const since = ([a, b]: readonly [number, number]) => major > a || (major === a && minor >= b);
  if (!since(OLDEST_VERSION))
    throw new AppError(
      'INDEX_MISMATCH',
      `Qdrant ${version} is too old: ${OLDEST_VERSION.join('.')} or later is needed.`,
    );
  return since(MEMORY_VERSION)
    ? { originals: { memory: 'cold' }, codes: { memory: 'pinned' } }
    : { originals: { on_disk: true }, codes: { always_ram: true } };
}
