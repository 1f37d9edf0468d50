import type { AnswerModel } from '../../src/server/answer/answer-model.ts';

/** A language model at the port that says what a test tells it to, and remembers what it was asked. */
export interface ScriptedModel extends AnswerModel {
  readonly asked: { readonly system: string; readonly prompt: string }[];
  /** What it replies to a prompt: a text, in tokens of any size, or an error to fail with. */
  reply: (prompt: string, system: string) => Iterable<string | Error> | AsyncIterable<string | Error>;
}

export function createScriptedModel(reply: ScriptedModel['reply'] = () => []): ScriptedModel {
  const model: ScriptedModel = {
    name: 'scripted',
    contextTokens: 8000,
    maxReplyTokens: 1000,
    asked: [],
    reply,
    costUsd: ({ promptTokens, completionTokens }) => (promptTokens + 2 * completionTokens) / 1000,
    async *generate({ system, messages }, signal) {
      const prompt = messages.map(({ content }) => content).join('\n');
      model.asked.push({ system, prompt });
      let completionTokens = 0;
      for await (const part of model.reply(prompt, system)) {
        await new Promise((resolve) => setImmediate(resolve));
        signal.throwIfAborted();
        if (part instanceof Error) throw part;
        completionTokens++;
        yield { type: 'text', text: part };
      }
      yield { type: 'end', usage: { promptTokens: 100, completionTokens }, finishReason: 'stop' };
    },
  };
  return model;
}

/** A text in tokens of some letters each, cut anywhere. */
export function* inTokens(text: string, size = 4): Generator<string> {
  for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
}

/** The number under which a prompt shows the passage that holds some words. */
export function numberOf(prompt: string, words: string): number {
  for (const [, number, text] of prompt.matchAll(/<passage-\w+ n="(\d+)">([\s\S]*?)<\/passage-/g))
    if (text?.includes(words)) return Number(number);
  throw new Error(`no passage holds: ${words}`);
}
