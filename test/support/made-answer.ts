import type { Answer } from '../../src/contract/query.ts';

/** An extracted answer without sources, but for what a test says of it. */
export const madeAnswer = (fields: Partial<Answer>): Answer => ({
  id: 'answer',
  answer: 'Yes.',
  answered: true,
  citations: [],
  sources: [],
  model: 'extractive',
  cached: false,
  usage: { promptTokens: 0, completionTokens: 0, costUsd: 0 },
  timings: { embedMs: 0, vectorMs: 0, keywordMs: 0, rerankMs: 0, generateMs: 0, totalMs: 0 },
  ...fields,
});
