/** Writes text from a prompt. Knows nothing of documents, users' rights or databases. */
export interface LanguageModel {
  /** As the provider names it; answers, cache keys and prices use it. */
  readonly name: string;
  /** Prompt and reply together, in the model's own tokens. */
  readonly contextTokens: number;
  /** The most that one reply may have; the caller asks for no more. */
  readonly maxReplyTokens: number;
  /**
   * One reply, as it comes: any number of `text` events and then exactly one `end`. Nothing is sent before the first
   * event is asked for; to stop iterating, or to abort, ends the request.
   *
   * @throws UpstreamError when the provider fails; `retryable` says whether a repeat can help. An iteration that
   *   fails has no `end`; what it handed out before stays valid text.
   * @throws the signal's reason once it is aborted.
   */
  generate(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
}

export interface ModelRequest {
  readonly system: string;
  /** Oldest first; the last one is the user's. */
  readonly messages: readonly ModelMessage[];
  /** The reply ends there, with `length` as its reason. */
  readonly maxTokens: number;
  /** 0 to 2; models that take none ignore it. */
  readonly temperature: number;
  /** On whose behalf: those who wait take turns by it. Providers never see it. */
  readonly userId?: string;
}

export interface ModelMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

export type ModelEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'end'; readonly usage: ModelUsage; readonly finishReason: FinishReason };

/** As the provider counts them; 0 where it does not say. */
export interface ModelUsage {
  readonly promptTokens: number;
  /** Thinking included, where the provider bills it as output. */
  readonly completionTokens: number;
}

/** `filtered`: the provider held the reply back; `other`: it ended in a way that has no name here. */
export type FinishReason = 'stop' | 'length' | 'filtered' | 'other';
