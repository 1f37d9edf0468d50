import type { LanguageModel, ModelUsage } from '../ports/language-model.ts';

/** A language model with its prices. */
export interface AnswerModel extends LanguageModel {
  /** What so many tokens cost; 0 where nothing is known. */
  costUsd(usage: ModelUsage): number;
}
