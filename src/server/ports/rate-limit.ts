/** Requests a minute for each key, with a burst of a whole minute's worth. */
export interface RateLimit {
  /**
   * Counts one request. A driver that can tell at once gives a number and no promise: this stands before
   * every request.
   *
   * @returns 0 when it may go on, else the seconds after which it may.
   */
  take(key: string): number | Promise<number>;
}
