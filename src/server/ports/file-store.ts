import type { Readable } from 'node:stream';

/** The original bytes, as ingestion needs them. */
export interface Originals {
  /** A path on this machine that holds the bytes (a driver without a disk downloads them); `release` when done. */
  local(key: string): Promise<{ path: string; release(): Promise<void> }>;
  remove(key: string): Promise<void>;
  /** Removes stored files for which `isKnown` is false and that are older than an hour (left by a crash). */
  sweep(isKnown: (key: string) => Promise<boolean>): Promise<number>;
}

/** Keeps the original bytes. Keys are made by the store; a client's file name never reaches a path. */
export interface FileStore extends Originals {
  /**
   * Streams to durable storage while hashing; nothing is visible under the key before all bytes are.
   * @param key that another store has given the file; without it the file gets a new one.
   * @throws AppError DOCUMENT_TOO_LARGE as soon as more than `maxBytes` came; what was written is removed.
   */
  put(content: Readable, maxBytes: number, signal?: AbortSignal, key?: string): Promise<StoredFile>;
  /** @param range inclusive byte offsets. @throws AppError FILE_MISSING */
  read(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /**
   * An address from which anyone who has it may download the file for five minutes, without our server.
   * Undefined: the store has none, or is set to have all of it go through `read`.
   * @param as headers of what is downloaded.
   */
  link(key: string, as: { disposition: string; mimeType: string }): Promise<string | undefined>;
  /** Every whole file, in no order; one that comes or goes meanwhile may be among them or not. */
  list(): AsyncIterable<{ readonly key: string; readonly storedAt: Date }>;
  /** @returns what the store is, in a word or two. @throws when it can't be used now. */
  check(signal?: AbortSignal): Promise<string>;
  close(): void;
}

export interface StoredFile {
  readonly key: string;
  readonly sizeBytes: number;
  /** Hex. */
  readonly sha256: string;
}
