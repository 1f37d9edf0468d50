import { randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import { createAdmission } from './admission/admission.ts';
import { EXTRACTIVE_MODEL } from './answer/answer.ts';
import { type Answering, createAnswering } from './answer/answering.ts';
import { meterModel } from './answer/metered-model.ts';
import type { VectorCache } from './answer/vector-cache.ts';
import type { Config } from './config.ts';
import { createMemoryCache } from './drivers/cache/memory.ts';
import { createLocalEvents } from './drivers/events/local.ts';
import { createLanguageModel, type PricedModel } from './drivers/language-model/create-language-model.ts';
import { ModelFault } from './drivers/language-model/model-fault.ts';
import { createMemoryRateLimit } from './drivers/rate-limit/memory.ts';
import { isSyncDue } from './drivers/vector-index/sync-due.ts';
import { createEmbeddingCharges } from './embedding-cost.ts';
import type { HttpServer } from './http/server.ts';
import type { HealthSources } from './http/services.ts';
import { CHUNKER_VERSION } from './ingest/chunk.ts';
import { FORMATS } from './ingest/formats.ts';
import { newPressure, setPressure } from './ingest/give-way.ts';
import { watchInstallation } from './installation-metrics.ts';
import { keepVectorServer } from './keep-vector-server.ts';
import { createLog, type Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { Admission } from './ports/admission.ts';
import type { Cache } from './ports/cache.ts';
import type { Embedder } from './ports/embedder.ts';
import type { EmbeddingCharges } from './ports/embedding-charges.ts';
import type { Events } from './ports/events.ts';
import type { FileStore } from './ports/file-store.ts';
import type { JobQueue } from './ports/job-queue.ts';
import type { MemoryLevel, MemoryWatch } from './ports/memory-watch.ts';
import type { RateLimit } from './ports/rate-limit.ts';
import type { Database } from './ports/schema.ts';
import type { VectorStats } from './ports/vector-index.ts';
import { createBudgets } from './records/budgets.ts';
import { keepIndexVersion } from './records/index-version.ts';
import { installationId } from './records/kept-settings.ts';
import { openRecords, prepareRecords, type Records } from './records/open-records.ts';
import { createUsageMeter, type UsageMeter } from './records/usage-meter.ts';
import { newWriteTurns } from './records/write-turns.ts';
import { connectShared, type Shared } from './shared-by-replicas.ts';
import { ANALYSER_VERSION } from './text/analyse.ts';
import type { VectorsPlace } from './threads/index-places.ts';
import type { IngestThreadData } from './threads/ingest-thread.ts';
import { keepIngesting } from './threads/keep-ingesting.ts';
import { openFileStore } from './threads/open-file-store.ts';
import { queueOf } from './threads/open-writers.ts';
import { type SearchThread, startSearchThread } from './threads/start-search-thread.ts';
import { openVectorSpaces, type VectorSpaces } from './vector-spaces.ts';
import { modelDir, version, webDir } from './version.ts';
import { watchProcess } from './watch-process.ts';

/** The parts of one process, put together: the only place that knows which driver is in. */
export interface Installation {
  readonly config: Config;
  readonly db: Kysely<Database>;
  readonly records: Records;
  readonly files: FileStore;
  readonly queue: JobQueue;
  readonly events: Events;
  readonly cache: Cache;
  readonly answering: Answering & { readonly vectorCache: VectorCache };
  readonly rateLimit: RateLimit;
  readonly embedder: Embedder;
  /** Who pays for vectors. */
  readonly embeddingCharges: EmbeddingCharges;
  readonly usage: UsageMeter;
  /** Undefined: answers are extracted. */
  readonly model: PricedModel | undefined;
  readonly memory: MemoryWatch | undefined;
  /** Places for what requests cause; ingest gives way while they are short. */
  readonly admission: Admission;
  /** What of the vector index is in memory. */
  vectorStats(): Promise<VectorStats>;
  readonly log: Log;
  /** Resolves when searching has started. */
  readonly ready: Promise<void>;
  /**
   * Opens the embedding model for questions ahead of the first one, without which search works by words; the language
   * model too, whose faults are logged and shown by its health.
   */
  warmUp(): Promise<void>;
  readonly health: HealthSources;
  /** Lets running requests' work end, hands back jobs. */
  close(): Promise<void>;
}

/** Of the memory limit: vector codes of the collections searched last, and cached results. */
const CODES_SHARE = 0.3;
const CACHE_SHARE = 0.06;
/** 10,000 vectors of 384 dimensions take 19 MB with their questions. */
const EMBEDDING_CACHE_SHARE = 0.04;
/** What share of their bound the caches and the vector codes may fill. Codes of what is searched must be there. */
const CACHES_AT = { normal: 1, high: 0.5, critical: 0 } as const satisfies Record<MemoryLevel, number>;
const CODES_AT = { normal: 1, high: 0.5, critical: 0.25 } as const satisfies Record<MemoryLevel, number>;

export interface InstallationOptions {
  /** Files of a folder that stay where they are; otherwise the store in the data folder. */
  readonly originals?: IngestThreadData['originals'];
  /** Model sessions for passages. One leaves a core for requests; where nobody else waits, more are quicker. */
  readonly embeddingSessions?: number;
  readonly log?: Log;
  /** False: other processes take the jobs. */
  readonly takesJobs?: boolean;
  /** Absent: nobody watches, and nothing is held back. */
  readonly memory?: MemoryWatch;
  /** Where jobs are counted. */
  readonly metrics?: Metrics;
}

/** Migrates, opens the database and starts the threads. Takes jobs at once: what a crash left is resumed. */
export async function openInstallation(
  config: Config,
  {
    originals,
    embeddingSessions = 1,
    takesJobs = true,
    log = createLog(config.logLevel),
    memory,
    metrics,
  }: InstallationOptions = {},
): Promise<Installation> {
  await prepareRecords(config.database);
  const writeTurns = newWriteTurns();
  const pressure = newPressure();
  const admission = createAdmission({ onBusy: (busy) => setPressure(pressure, busy) });
  const records = await openRecords(config.database, {
    turns: { waiting: writeTurns, givesWay: false },
    onReplica: ({ name, out }) =>
      out === undefined
        ? log.info('read replica in use', { replica: name })
        : log.warn('read replica not in use', { replica: name, detail: out }),
  });
  const { db } = records;
  await keepIndexVersion(db, `analyser ${ANALYSER_VERSION}, chunker ${CHUNKER_VERSION}`);
  const spaces = await openVectorSpaces({ db, configured: config.embedding, modelDir, log });
  const { embedder } = spaces;
  const prefix = `ka-${await installationId(db)}`;
  const placeOfVectors = (): VectorsPlace =>
    config.vectors.kind === 'qdrant'
      ? { ...config.vectors, prefix, fingerprint: embedder.fingerprint }
      : config.vectors;
  const keepServer = async (place: VectorsPlace) =>
    place.kind === 'qdrant' ? await keepVectorServer(place, embedder, db, log) : undefined;
  const vectors = placeOfVectors();
  let vectorServer = await keepServer(vectors);
  const eventsName = randomUUID();
  const memoryCache = createMemoryCache({
    maxEntries: config.caches.queryEntries,
    maxBytes: Math.floor(config.memoryLimitBytes * CACHE_SHARE),
  });
  const shared = await connectShared(config.redisUrl, {
    prefix,
    log,
    local: {
      cache: memoryCache,
      events: createLocalEvents({ name: eventsName }),
      rateLimit: createMemoryRateLimit(config.rateLimitPerMinute),
    },
    requestsPerMinute: config.rateLimitPerMinute,
  });
  const { cache, events, rateLimit } = shared;
  const files = await openFileStore(config.storage);
  const queue = queueOf(config.database, db, events);
  const search = startSearchThread(
    {
      records: config.database,
      vectors,
      dimensions: embedder.dimensions,
      fingerprint: embedder.fingerprint,
      memoryLimitBytes: Math.floor(config.memoryLimitBytes * CODES_SHARE),
    },
    (error) => log.error('search thread died', { error }),
  );
  const ingest = keepIngesting(
    {
      records: config.database,
      vectors,
      modelDir,
      embedding: spaces.serving(),
      budgets: config.budgets,
      concurrency: config.jobConcurrency,
      embeddingSessions,
      eventsName,
      writeTurns,
      pressure,
      originals: originals ?? config.storage,
      ocrLanguages: config.ocrLanguages,
      otlpEndpoint: config.otlpEndpoint,
    },
    {
      queue,
      events,
      log,
      held: () => !takesJobs || memory?.level() === 'critical',
      ...(vectors.kind === 'qdrant' ? { waiting: () => isSyncDue(db) } : {}),
      onEnd: ({ kind, tookMs, failed }) => metrics?.stage(`job-${kind}`).record(tookMs, failed),
    },
  );
  const usage = createUsageMeter(db, (error) => log.error('usage.write-failed', { error }));
  const budgets = createBudgets(db, usage, config.budgets);
  const embeddingCharges = createEmbeddingCharges(budgets, usage, spaces.serving);
  const model = openModel(config, log);
  const answering = createAnswering({
    db,
    vectors: search.vectors,
    texts: search.texts,
    embedder,
    cache,
    ...(model === undefined ? {} : { model: meterModel(model, budgets) }),
    settings: {
      queryTtlMs: config.caches.queryTtlMs,
      answerTtlMs: config.caches.answerTtlMs,
      embeddingEntries: config.caches.embeddingEntries,
      embeddingBytes: Math.floor(config.memoryLimitBytes * EMBEDDING_CACHE_SHARE),
    },
    ...(memory ? { admit: memory.admit } : {}),
    ...(shared.work ? { sharedWork: shared.work } : {}),
    enter: admission.enter,
    comparesSentences: () => spaces.serving().provider === 'bundled',
    onEmbedded: embeddingCharges.count,
  });
  memory?.onChange((level) => {
    memoryCache.limitTo(CACHES_AT[level]);
    answering.vectorCache.limitTo(CACHES_AT[level]);
    if (level !== 'normal') records.shrink();
    search
      .limitTo(CODES_AT[level])
      .catch((error: unknown) => log.warn('vector codes could not be limited', { error }));
  });
  spaces.onMove(async () => {
    const place = placeOfVectors();
    vectorServer?.close();
    vectorServer = await keepServer(place);
    const { dimensions, fingerprint } = embedder;
    await search.moveTo({ vectors: place, dimensions, fingerprint });
    await ingest.moveTo({ vectors: place, embedding: spaces.serving() });
  });
  let started = false;
  const ready = search.ready.then(() => {
    started = true;
  });
  return {
    config,
    db,
    records,
    files,
    queue,
    events,
    cache,
    rateLimit,
    answering,
    embedder,
    embeddingCharges,
    model,
    usage,
    memory,
    admission,
    vectorStats: search.vectors.stats,
    log,
    ready,
    async warmUp() {
      await Promise.all([
        embedder.warmUp(),
        model?.warmUp().then((fault) => {
          if (fault !== undefined) log.warn('language model unavailable', { detail: fault.message });
        }),
      ]);
    },
    health: {
      started: () => started,
      probes: createProbes({ records, files, queue, shared, spaces, model, search }),
    },
    async close() {
      admission.close();
      model?.close();
      await Promise.all([ingest.close(), usage.flush()]);
      await spaces.close();
      await Promise.all([search.close(), queue.close()]);
      vectorServer?.close();
      await shared.close();
      await records.close();
    },
  };
}

/** The language model that the settings name; its faults are logged as they come, a breaker keeps them few. */
function openModel({ llm }: Config, log: Log): PricedModel | undefined {
  if (llm.provider === 'extractive') return undefined;
  const model = createLanguageModel(llm, ({ kind, message }) =>
    log.warn('language model failed', { kind, detail: message }),
  );
  if (!model.hasPrice)
    log.warn('language model has no known price: it is counted as free, and no budget holds it back', {
      model: llm.model,
      mend: 'LLM_PRICES names its price; 0 says that it is free',
    });
  return model;
}

function createProbes(parts: {
  records: Records;
  files: FileStore;
  queue: JobQueue;
  shared: Shared;
  spaces: VectorSpaces;
  model: PricedModel | undefined;
  search: SearchThread;
}): HealthSources['probes'] {
  const { records, files, queue, shared, spaces, model, search } = parts;
  return {
    database: async () => {
      await records.db.selectFrom('settings').select('name').limit(1).execute();
      const isOut = records.replicas?.states().some(({ out }) => out !== undefined) === true;
      return { status: isOut ? 'degraded' : 'healthy', detail: await records.describe() };
    },
    vectors: async () => ({ detail: await search.describe() }),
    cache: shared.probe,
    queue: async () => {
      const { queued, running, failed } = await queue.depth();
      return { detail: `${queued} waiting, ${running} running, ${failed} failed` };
    },
    storage: async (signal) => ({ detail: await files.check(signal) }),
    embeddings: async (signal) => {
      const { fingerprint } = spaces.embedder;
      const wanted = spaces.wanted();
      try {
        if (spaces.serving().provider !== 'away') await spaces.embedder.check(signal);
      } catch (error) {
        // a provider's fault says what to do, and holds neither texts nor keys
        if (error instanceof ModelFault) return { status: 'degraded', detail: error.message };
        throw error;
      }
      if (wanted === undefined) return { detail: fingerprint };
      const detail = `${fingerprint}; the settings name ${wanted}: run npx ka reindex`;
      return { status: 'degraded', detail };
    },
    llm: async () => model?.health() ?? { detail: 'none is needed: answers are extracted' },
  };
}

/**
 * The API and the web app over an installation. Their code is loaded here and not with this file: the installation's
 * threads start meanwhile, and commands that serve nothing do without.
 */
export async function createServer(installation: Installation, metrics: Metrics): Promise<HttpServer> {
  const { createHttpServer } = await import('./http/server.ts');
  watchInstallation(metrics, installation);
  watchProcess(metrics, { memory: installation.memory, version });
  const { model } = installation;
  model?.figures.publish(metrics);
  return createHttpServer({
    ...installation,
    replicas: installation.records.replicas,
    version,
    metrics,
    // the first one answers where none is named
    models: [...(model === undefined ? [] : [model.name]), EXTRACTIVE_MODEL],
    formats: FORMATS,
    webDir,
  });
}
