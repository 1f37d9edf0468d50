/** Keeps spans and sends them on. It never fails and never makes anybody wait. */
export interface Tracer {
  /** Runs `work` in a span within the one that runs now; a rejection marks it as failed. */
  span<T>(name: string, work: () => Promise<T>, attributes?: SpanAttributes): Promise<T>;
  /**
   * Begins the span of a request from outside and runs `work`, and all that it calls, within it.
   *
   * @param traceparent the caller's own span (W3C Trace Context); one that is not sampled, or makes no sense, is
   *   respected or ignored.
   */
  request(traceparent: string | undefined, work: () => void): RequestSpan;
  /** Sends what is kept. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export interface RequestSpan {
  end(name: string, failed: boolean, attributes: SpanAttributes): void;
}

export type SpanAttributes = Readonly<Record<string, string | number>>;
