/** What answering needs of a language model. */
export interface AnswerModel {
  /** As answers and caches name it. */
  readonly name: string;
  /** Prompt and answer together. */
  readonly contextTokens: number;
  /**
   * One reply, as it comes.
   * @throws UpstreamError when the service fails or is away; AppError for what the caller must know.
   */
  generate(
    request: {
      readonly system: string;
      readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
      readonly maxTokens: number;
      readonly temperature: number;
    },
    signal: AbortSignal,
  ): AsyncIterable<ModelEvent>;
  /** What so many tokens cost; 0 where nothing is known. */
  costUsd(usage: ModelUsage): number;
}

export interface ModelUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

export type ModelEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'end'; readonly usage: ModelUsage; readonly finishReason: string };
