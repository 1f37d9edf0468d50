/** Who pays for vectors; what nobody asks money for is neither held back nor counted. */
export interface EmbeddingCharges {
  /** As usage names it. */
  model(): string;
  /**
   * Puts aside what these texts may cost.
   *
   * @throws AppError BUDGET_EXCEEDED when that is more than what is left of the user's budgets.
   */
  reserve(userId: string, texts: readonly string[], what: 'texts' | 'document'): Promise<EmbeddingCharge>;
  /** Counts a question's vector, a millionth of a dollar: the budget holds back its answer, not the search for it. */
  count(userId: string, tokens: number): void;
}

export interface EmbeddingCharge {
  /** Counts what was paid and gives back the rest; once. */
  settle(tokens: number): void;
}
