import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Config } from '../config.ts';
import { ConfigError, readConfig } from '../config.ts';
import { createLanguageModel } from '../drivers/language-model/create-language-model.ts';
import type { EmbeddingConfig } from '../embedding-config.ts';
import { openRecords, prepareRecords } from '../records/open-records.ts';
import { readVectorSpace } from '../records/vector-space.ts';
import { modelDir } from '../version.ts';

const STORAGE_MS = 5000;

export interface Finding {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'fault';
  readonly detail: string;
  /** What to do about it. */
  readonly mend?: string;
}

/** What a check of the embedding model says: its fingerprint, or why it can't be used. */
export type ModelProbe = (embedding: EmbeddingConfig) => Promise<string>;

/** Checks settings and every dependency, each on its own, so that one fault does not hide another. */
export async function examine(
  environment: Readonly<Record<string, string | undefined>>,
  probeModel: ModelProbe,
): Promise<Finding[]> {
  const findings: Finding[] = [checkNode()];
  let config: Config;
  try {
    config = readConfig(environment);
    findings.push({ name: 'settings', status: 'ok', detail: 'all valid' });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [
      ...findings,
      ...error.faults.map(
        (fault) =>
          ({ name: 'settings', status: 'fault', detail: fault, mend: 'see docs/configuration.md' }) as const,
      ),
    ];
  }
  findings.push(await checkDataDir(config));
  if (findings.at(-1)?.status !== 'fault') findings.push(await checkDatabase(config));
  findings.push(
    ...(await checkStorage(config)),
    await checkVectors(config),
    ...(await checkRedis(config)),
    await checkModel(config, probeModel),
    await checkLanguageModel(config),
    await checkOcr(config),
    checkSimd(),
    await checkPort(config.listen.host, config.listen.port, 'PORT'),
  );
  return findings;
}

function checkNode(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 24) {
    return {
      name: 'runtime',
      status: 'warning',
      detail: `Node ${process.versions.node}: works, but the pinned Node 24 is what is tested`,
      mend: 'start with npm start or npx ka after npm ci',
    };
  }
  return { name: 'runtime', status: 'ok', detail: `Node ${process.versions.node}` };
}

async function checkDataDir({ dataDir }: Config): Promise<Finding> {
  try {
    await mkdir(dataDir, { recursive: true });
    await access(dataDir, constants.R_OK | constants.W_OK);
    const { bavail, bsize } = await statfs(dataDir);
    const freeMb = Math.floor((bavail * bsize) / 2 ** 20);
    if (freeMb < 500)
      return {
        name: 'data folder',
        status: 'warning',
        detail: `${dataDir} has ${freeMb} MB left`,
        mend: 'make room, or set DATA_DIR',
      };
    return { name: 'data folder', status: 'ok', detail: `${dataDir}, ${freeMb} MB free` };
  } catch (error) {
    return {
      name: 'data folder',
      status: 'fault',
      detail: `${dataDir} can't be written: ${messageOf(error)}`,
      mend: 'mend its rights, or set DATA_DIR',
    };
  }
}

async function checkDatabase({ database }: Config): Promise<Finding> {
  const name = 'database';
  try {
    const { to } = await prepareRecords(database);
    const records = await openRecords(database);
    try {
      const fault = await records.findFault();
      if (fault !== undefined)
        return { name, status: 'fault', detail: fault, mend: 'restore the newest backup' };
      await records.replicas?.check();
      const detail = `${await records.describe()}, schema version ${to}`;
      if (records.replicas?.states().some(({ out }) => out !== undefined))
        return {
          name,
          status: 'warning',
          detail,
          mend: 'see that each server of DATABASE_READ_URLS runs and follows that of DATABASE_URL; until then the others are read',
        };
      return { name, status: 'ok', detail };
    } finally {
      await records.close();
    }
  } catch (error) {
    return {
      name,
      status: 'fault',
      detail: messageOf(error),
      mend:
        database.kind === 'postgres'
          ? 'see that the server of DATABASE_URL runs and lets this user in, or start the release that wrote the database'
          : 'restore the newest backup, or start the release that wrote it',
    };
  }
}

async function checkStorage({ storage }: Config): Promise<Finding[]> {
  // a folder is looked at with the data folder
  if (storage.kind === 'disk') return [];
  const name = 'object store';
  const { openFileStore } = await import('../threads/open-file-store.ts');
  const files = await openFileStore(storage);
  try {
    return [{ name, status: 'ok', detail: await files.check(AbortSignal.timeout(STORAGE_MS)) }];
  } catch (error) {
    const mend =
      'see that the bucket of STORAGE_URL exists and that the credentials may list, read and write in it';
    return [{ name, status: 'fault', detail: messageOf(error), mend }];
  }
}

async function checkVectors({ vectors }: Config): Promise<Finding> {
  const name = 'vectors';
  if (vectors.kind === 'records') return { name, status: 'ok', detail: 'beside the records' };
  const { probeQdrant } = await import('../drivers/vector-index/qdrant.ts');
  try {
    return { name, status: 'ok', detail: `Qdrant ${await probeQdrant(vectors)}` };
  } catch (error) {
    return {
      name,
      status: 'fault',
      detail: messageOf(error),
      mend: 'see that the server of VECTOR_URL runs and that VECTOR_API_KEY is its key; until then search works by words',
    };
  }
}

async function checkRedis({ redisUrl }: Config): Promise<Finding[]> {
  if (redisUrl === undefined) return [];
  const { connectRedis } = await import('../drivers/redis-connection.ts');
  const reasons: string[] = [];
  const redis = await connectRedis({
    url: redisUrl,
    onNote: (note) => {
      if (note.state !== 'up') reasons.push(note.reason);
    },
  });
  const up = redis.isUp();
  await redis.close();
  if (up) return [{ name: 'redis', status: 'ok', detail: 'answers' }];
  return [
    {
      name: 'redis',
      status: 'warning',
      detail: `does not answer: ${reasons[0] ?? 'no connection in time'}`,
      mend: 'see that the server of REDIS_URL runs; until then nothing is shared by processes',
    },
  ];
}

async function checkModel({ embedding, database }: Config, probeModel: ModelProbe): Promise<Finding> {
  const name = 'embedding model';
  let fingerprint: string;
  try {
    fingerprint = await probeModel(embedding);
  } catch (error) {
    const mend = embedding.provider === 'bundled' ? 'run npm run build' : 'see docs/embeddings.md';
    return {
      name,
      status: 'fault',
      detail: messageOf(error),
      mend: `${mend}; until then search works by keyword alone`,
    };
  }
  const stored = await storedSpace(database);
  if (stored === undefined || stored === fingerprint) return { name, status: 'ok', detail: fingerprint };
  return {
    name,
    status: 'warning',
    detail: `${fingerprint}, but the vectors that are searched were made by ${stored}`,
    mend: 'run npx ka reindex',
  };
}

/** Undefined where there is no database yet, or none that can be opened: another check tells of that. */
async function storedSpace(database: Config['database']): Promise<string | undefined> {
  try {
    const records = await openRecords(database);
    try {
      return await readVectorSpace(records.db);
    } finally {
      await records.close();
    }
  } catch {
    return undefined;
  }
}

/** Asks the provider for the model, which costs nothing. */
async function checkLanguageModel({ llm }: Config): Promise<Finding> {
  const name = 'language model';
  if (llm.provider === 'extractive') return { name, status: 'ok', detail: 'none: answers are extracted' };
  const model = createLanguageModel(llm);
  const fault = await model.warmUp();
  model.close();
  if (fault !== undefined)
    return {
      name,
      // it may be well again by the time that somebody asks
      status: fault.kind === 'busy' ? 'warning' : 'fault',
      detail: fault.message,
      mend: 'see docs/language-models.md; until then answers are extracted',
    };
  if (model.hasPrice) return { name, status: 'ok', detail: `${llm.model} by ${llm.provider}` };
  // on a machine of one's own that is what it costs
  const detail = `${llm.model} by ${llm.provider}, counted as free of charge (LLM_PRICES)`;
  return { name, status: 'ok', detail };
}

async function checkOcr({ ocrLanguages }: Config): Promise<Finding> {
  const name = 'text in pictures';
  if (ocrLanguages === undefined) return { name, status: 'ok', detail: 'not read (OCR=off)' };
  const { findTesseract } = await import('../drivers/recognizer/tesseract.ts');
  const found = await findTesseract(ocrLanguages);
  if (found === undefined)
    return {
      name,
      status: 'ok',
      detail:
        'not read: tesseract is not installed (Debian: apt-get install tesseract-ocr); files of scanned pages are refused',
    };
  const { version, languages, missing, orientation } = found;
  if (missing.length > 0)
    return {
      name,
      status: 'warning',
      detail: `tesseract ${version} has no data for ${missing.join(', ')}${languages.length === 0 ? ', so nothing is read' : ''}`,
      mend: `install it (Debian: apt-get install ${missing.map((code) => `tesseract-ocr-${code.replaceAll('_', '-')}`).join(' ')}), or set OCR_LANGUAGES`,
    };
  const upright = orientation ? '' : '; pages that are turned are not (tesseract-ocr-osd is missing)';
  return { name, status: 'ok', detail: `tesseract ${version} reads ${languages.join(', ')}${upright}` };
}

function checkSimd(): Finding {
  // (module (func (result v128) i32.const 0 i8x16.splat (i32.const 0) i8x16.splat i8x16.relaxed_swizzle))
  const relaxed = WebAssembly.validate(
    new Uint8Array([
      0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 0, 253, 15, 65,
      0, 253, 15, 253, 128, 2, 11,
    ]),
  );
  return relaxed
    ? { name: 'vector search', status: 'ok', detail: 'relaxed SIMD' }
    : {
        name: 'vector search',
        status: 'warning',
        detail: 'no relaxed SIMD: the slower kernel is used',
        mend: 'a newer Node brings it',
      };
}

function checkPort(host: string, port: number, name: string): Promise<Finding> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === 'EADDRINUSE'
          ? {
              name: 'port',
              status: 'warning',
              detail: `${host}:${port} is in use: is the server running already?`,
              mend: `stop the other program, or set ${name}`,
            }
          : {
              name: 'port',
              status: 'fault',
              detail: `${host}:${port} can't be opened: ${error.message}`,
              mend: `set HOST or ${name}`,
            },
      ),
    );
    server.listen(port, host, () =>
      server.close(() => resolve({ name: 'port', status: 'ok', detail: `${host}:${port} is free` })),
    );
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** `ka doctor`: prints the findings. @returns the exit code: 1 on a fault. */
export async function doctor(
  environment: Readonly<Record<string, string | undefined>>,
  asJson: boolean,
): Promise<number> {
  const { openEmbedder } = await import('../drivers/embedder/open-embedder.ts');
  const findings = await examine(environment, async (embedding) => {
    const embedder = await openEmbedder(embedding, modelDir);
    try {
      await embedder.warmUp();
      return embedder.fingerprint;
    } finally {
      await embedder.close();
    }
  });
  if (asJson) console.log(JSON.stringify(findings, undefined, 2));
  else {
    const signs = { ok: '✓', warning: '!', fault: '✗' } as const;
    for (const { name, status, detail, mend } of findings)
      console.log(`${signs[status]} ${name}: ${detail}${mend && status !== 'ok' ? `\n    → ${mend}` : ''}`);
  }
  return findings.some(({ status }) => status === 'fault') ? 1 : 0;
}
