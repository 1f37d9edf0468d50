import type { Kysely } from 'kysely';
import type { Answering } from '../answer/answering.ts';
import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Admission } from '../ports/admission.ts';
import type { Cache } from '../ports/cache.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { EmbeddingCharges } from '../ports/embedding-charges.ts';
import type { Events } from '../ports/events.ts';
import type { FileStore } from '../ports/file-store.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { MemoryWatch } from '../ports/memory-watch.ts';
import type { RateLimit } from '../ports/rate-limit.ts';
import type { Database } from '../ports/schema.ts';
import type { ReadReplicas } from '../records/read-replicas.ts';
import type { UsageMeter } from '../records/usage-meter.ts';
import type { FetchGuard } from './fetch-url.ts';

/** What the routes need from the rest of the process; `app.ts` builds it. */
export interface Services {
  readonly config: Config;
  /** The program's version. */
  readonly version: string;
  readonly db: Kysely<Database>;
  /** Copies of the database that `db` reads from within `serve`; absent: there are none. */
  readonly replicas?: ReadReplicas | undefined;
  readonly files: FileStore;
  readonly queue: JobQueue;
  readonly events: Events;
  readonly cache: Cache;
  readonly rateLimit: RateLimit;
  readonly answering: Answering;
  /** The installation's own, for `/v1/embeddings`. */
  readonly embedder: Embedder;
  readonly embeddingCharges: EmbeddingCharges;
  readonly usage: UsageMeter;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly health: HealthSources;
  /** Absent: nobody watches, and no request is refused for want of memory. */
  readonly memory?: MemoryWatch | undefined;
  /** Places for what requests cause. */
  readonly admission: Admission;
  /** Names of the models that answer, for `/api/v1/config`. */
  readonly models: readonly string[];
  /** What can be read, for `/api/v1/config`. */
  readonly formats: readonly { readonly mimeType: string; readonly extensions: readonly string[] }[];
  /** What may be fetched by address; absent: the public internet. */
  readonly fetchGuard?: FetchGuard;
  /** Folder of the built web app; absent or empty: only the API is served. */
  readonly webDir?: string;
}

export interface HealthSources {
  /** Whether everything that serving needs has started. */
  started(): boolean;
  readonly probes: Readonly<Record<CheckName, Probe>>;
}

export type CheckName = 'database' | 'vectors' | 'cache' | 'queue' | 'storage' | 'embeddings' | 'llm';

/** Looks whether a dependency answers. A throw means that it does not; `degraded` that it does with a fault. */
export type Probe = (
  signal: AbortSignal,
) => Promise<{ status?: 'healthy' | 'degraded'; detail?: string } | undefined>;
