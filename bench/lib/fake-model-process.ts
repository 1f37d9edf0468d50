import { setTimeout as pause } from 'node:timers/promises';
import { DEFAULT_MODELS } from '../../src/server/settings.ts';
import {
  FAKE_KEY,
  type RequestSeen,
  startFakeLanguageModel,
} from '../../test/support/fake-language-model.ts';
import type { FromFakeModel, Pace } from './fake-model.ts';

/** A process that stands for the provider: it answers with sentences of the first passage, at the pace it was told. */
let pace: Pace = { firstMs: 0, betweenMs: 0, parts: 1 };
process.on('message', (next: Pace) => {
  pace = next;
});
process.on('disconnect', () => process.exit());

const fake = await startFakeLanguageModel({ models: [DEFAULT_MODELS.gemini] });
const tell = (message: FromFakeModel) => process.send?.(message);
const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

fake.answer = (request) => {
  tell({ kind: 'asked', atMs: nowMs() });
  return { kind: 'parts', parts: speak(request, pace) };
};

/** Its first part says when it was written. */
async function* speak({ prompt }: RequestSeen, { firstMs, betweenMs, parts }: Pace): AsyncGenerator<string> {
  if (firstMs > 0) await pause(firstMs);
  yield `Sent at ${nowMs().toFixed(3)} it was. `;
  const [, number, text = ''] = /<passage-\w+ n="(\d+)">\n[^\n]*\n([\s\S]*?)\n<\/passage-/.exec(prompt) ?? [];
  const sentences = text.split(/(?<=\.)\s+/u).slice(0, 2);
  const answer = sentences.map((sentence) => sentence.replace(/\.$/u, ` [${number}].`)).join(' ');
  const size = Math.max(1, Math.ceil(answer.length / parts));
  for (let at = 0; at < answer.length; at += size) {
    if (betweenMs > 0) await pause(betweenMs);
    yield answer.slice(at, at + size);
  }
}

tell({ kind: 'ready', baseUrl: fake.baseUrl('gemini'), apiKey: FAKE_KEY });
for (let left = 1; ; left++) {
  await fake.until(() => fake.left >= left);
  tell({ kind: 'left', atMs: nowMs() });
}
