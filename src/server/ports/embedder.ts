/** Turns texts into L2-normalized vectors. Knows nothing of documents or databases. */
export interface Embedder {
  /** Provider, model, revision, dimensions, pooling and normalization: vectors of different fingerprints never mix. */
  readonly fingerprint: string;
  readonly dimensions: number;
  /** Longer texts are cut by the model; the caller keeps chunks below it. */
  readonly maxTokens: number;
  /** The caller cuts longer lists. */
  readonly maxTextsPerCall: number;
  /** Of a provider: what one request holds, which takes its time however few it holds. Absent: texts are embedded one by one. */
  readonly textsPerRequest?: number | undefined;
  /**
   * One vector a text, in order.
   * @param purpose a `query` overtakes every waiting `passage`.
   * @param spent hears of the tokens that a provider counts, for each request that it answered.
   * @throws UpstreamError when the provider fails; `retryable` says whether a repeat can help.
   */
  embed(
    texts: readonly string[],
    purpose: 'query' | 'passage',
    signal?: AbortSignal,
    spent?: (tokens: number) => void,
  ): Promise<Float32Array[]>;
  close(): Promise<void>;
}
