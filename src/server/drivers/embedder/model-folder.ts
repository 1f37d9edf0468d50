import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UpstreamError } from '../../errors.ts';

/** What the bundled model is: vectors of different fingerprints never mix. The last number counts conversions. */
export const BUNDLED_FINGERPRINT = 'bundled/minilm-l6-v2/pc7-1/384/mean/l2';
export const BUNDLED_DIMENSIONS = 384;
export const BUNDLED_MAX_TOKENS = 256;

/** Where the build puts the bundled model, below the package's root. */
export const BUNDLED_FOLDER = 'build/model/minilm-l6-v2';
export const BUILD_COMMAND = 'node scripts/build-model.ts';

interface StoredFile {
  readonly name: string;
  readonly bytes: number;
  /** Hex. */
  readonly sha256: string;
}

/** `manifest.json` of a model's folder: what is in it, and what the vectors are. */
export interface ModelManifest {
  readonly fingerprint: string;
  readonly dimensions: number;
  readonly maxTokens: number;
  /** ONNX; input `input_ids` int64 [1, tokens], output `sentence_embedding` float32 [1, dimensions]. */
  readonly model: StoredFile;
  /** WordPiece vocabulary: one token a line, in the order of the ids. */
  readonly vocabulary: StoredFile;
  /** What it was made from and with, so that the build knows whether to make it again. */
  readonly madeFrom: Readonly<Record<string, string>>;
}

/** By hand, because every embedding thread reads a manifest and zod takes 7 MB in each thread that loads it. */
function isManifest(value: unknown): value is ModelManifest {
  const isFile = (file: Partial<StoredFile> | undefined) =>
    typeof file?.name === 'string' && Number.isInteger(file.bytes) && typeof file.sha256 === 'string';
  const manifest = value as Partial<ModelManifest> | null;
  return (
    typeof manifest?.fingerprint === 'string' &&
    Number.isInteger(manifest.dimensions) &&
    Number.isInteger(manifest.maxTokens) &&
    isFile(manifest.model) &&
    isFile(manifest.vocabulary) &&
    typeof manifest.madeFrom === 'object'
  );
}

/** A model on disk that a session can open. */
export interface ModelFolder extends ModelManifest {
  readonly modelPath: string;
  readonly vocabularyPath: string;
}

/**
 * Reads a model's manifest and sees that its files are there in full. Contents are checked by `verifyModel`.
 * @throws UpstreamError, not retryable, that names the file at fault and the command that makes it.
 */
export function openModelFolder(dir: string, fingerprint = BUNDLED_FINGERPRINT): ModelFolder {
  const path = join(dir, 'manifest.json');
  const manifest = parseManifest(path);
  if (manifest.fingerprint !== fingerprint)
    throw unusable(path, `describes ${manifest.fingerprint}, but ${fingerprint} is needed`);
  for (const { name, bytes } of [manifest.model, manifest.vocabulary]) {
    const file = join(dir, name);
    const found = statSync(file, { throwIfNoEntry: false })?.size;
    if (found === undefined) throw unusable(file, 'is missing');
    if (found !== bytes) throw unusable(file, `has ${found} bytes instead of ${bytes}`);
  }
  return {
    ...manifest,
    modelPath: join(dir, manifest.model.name),
    vocabularyPath: join(dir, manifest.vocabulary.name),
  };
}

/** @throws UpstreamError as `openModelFolder` when a file is not what the manifest says, byte for byte. */
export function verifyModel({ model, vocabulary, modelPath, vocabularyPath }: ModelFolder): void {
  for (const [path, expected] of [
    [modelPath, model.sha256],
    [vocabularyPath, vocabulary.sha256],
  ] as const)
    if (sha256OfFile(path) !== expected)
      throw unusable(path, 'is damaged: its SHA-256 differs from the manifest');
}

function parseManifest(path: string): ModelManifest {
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') throw unusable(path, 'is missing', cause);
    throw unusable(path, 'cannot be read', cause);
  }
  if (!isManifest(manifest)) throw unusable(path, 'is not the manifest of a model');
  return manifest;
}

const unusable = (path: string, fault: string, cause?: unknown) =>
  new UpstreamError('bundled embedding model', `${path} ${fault}: run ${BUILD_COMMAND}`, {
    retryable: false,
    cause,
  });

/** Hex. In pieces, because a whole model in a buffer would stay in the process's memory for long. */
function sha256OfFile(path: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.alloc(65_536);
  const file = openSync(path, 'r');
  try {
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece))
      hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest('hex');
}
