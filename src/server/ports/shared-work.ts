/**
 * Keeps replicas from doing the same work at the same time. It fails soft: at worst work is done twice, never
 * not at all.
 */
export interface SharedWork {
  /**
   * Does `work`, unless another process is at the same key: then it waits until that one has ended, and works
   * only if `look` finds nothing by then.
   *
   * @param key names the work and everything that its outcome depends on.
   * @param look what an earlier worker left in a cache that all share.
   * @param work does it and leaves it there.
   * @throws the signal's reason when the caller leaves while it waits, and what `work` throws.
   */
  once<T>(
    key: string,
    look: () => Promise<T | undefined>,
    work: () => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>;
}
