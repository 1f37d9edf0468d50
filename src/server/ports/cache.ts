/**
 * Bounded, expiring, and allowed to forget: a cache that fails slows the system, never breaks it.
 * Keys carry the caller's scope and the generation of the collections searched.
 */
export interface Cache {
  get<T>(key: string): Promise<T | undefined>;
  /** @param value JSON-serializable. */
  set(key: string, value: unknown, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** Forgets everything. */
  clear(): Promise<void>;
  stats(): { hits: number; misses: number; entries: number; bytes: number };
  close(): Promise<void>;
}
