import type { ModelUsage } from '../ports/language-model.ts';
import type { Budgets } from '../records/budgets.ts';
import { estimateTokens } from '../text/estimate-tokens.ts';
import { spanOver } from '../tracing.ts';
import type { AnswerModel } from './answer-model.ts';

/** Of the estimate: what providers count may be more. */
const ESTIMATE_MARGIN = 1.3;

/**
 * The model within users' budgets: what a call may cost at most is put aside before it is made, and what it took is
 * counted at its end, however it ends. A call that was broken off counts with an estimate of what came.
 *
 * `generate` then throws AppError BUDGET_EXCEEDED too, before anything is sent.
 */
export function meterModel(model: AnswerModel, budgets: Budgets): AnswerModel {
  return {
    ...model,
    async *generate(request, signal) {
      const { userId, system, messages, maxTokens } = request;
      if (userId === undefined) throw new Error('a model is asked on behalf of a user');
      const prompt = estimateTokens([system, ...messages.map(({ content }) => content)].join('\n'));
      const atMost = { promptTokens: Math.ceil(prompt * ESTIMATE_MARGIN), completionTokens: maxTokens };
      const reservation = await budgets.reserve(userId, model.costUsd(atMost));
      let usage: ModelUsage | undefined;
      let text = '';
      try {
        for await (const event of spanOver('call model', model.generate(request, signal))) {
          if (event.type === 'text') text += event.text;
          else usage = event.usage;
          yield event;
        }
      } finally {
        // where nothing came, the provider did no work that it could charge
        usage ??= {
          promptTokens: text === '' ? 0 : prompt,
          completionTokens: text === '' ? 0 : estimateTokens(text),
        };
        reservation.settle({ model: model.name, kind: 'answer', ...usage, costUsd: model.costUsd(usage) });
      }
    },
  };
}
