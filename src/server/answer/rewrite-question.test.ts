import { beforeEach, expect, test } from 'vitest';
import { createScriptedModel, type ScriptedModel } from '../../../test/support/scripted-model.ts';
import { createMemoryCache } from '../drivers/cache/memory.ts';
import { UpstreamError } from '../errors.ts';
import { rewriteQuestion } from './rewrite-question.ts';

const never = new AbortController().signal;
const long = (i: number) => ({
  id: `m${i}`,
  question: `What does chapter ${i} of the manual of Veldran say about the lamp?`,
  answer: `Chapter ${i} speaks of the lamp [1]. ${'It goes on about oil and wicks for a while. '.repeat(20)}`,
});

let model: ScriptedModel;
let rewrite: (question: string, count: number) => ReturnType<typeof rewriteQuestion>;
beforeEach(() => {
  model = createScriptedModel();
  const cache = createMemoryCache({ maxEntries: 10, maxBytes: 1e6 });
  const ports = { model, cache, summaryTtlMs: 60_000, userId: 'u' };
  rewrite = (question, count) =>
    rewriteQuestion(
      ports,
      'c',
      question,
      Array.from({ length: count }, (_, i) => long(i)),
      never,
    );
});

test('a question that stands alone costs nothing', async () => {
  const question = 'Who built the lighthouse of Veldran?';
  expect(await rewrite(question, 3)).toEqual({
    query: question,
    usage: { promptTokens: 0, completionTokens: 0 },
  });
  expect(model.asked).toEqual([]);
});

test('when it is not certain that a question needed the conversation, both are looked for', async () => {
  model.reply = () => ['"Opening hours of the lighthouse of Veldran?"\n'];
  expect(await rewrite('Opening hours?', 1)).toMatchObject({
    query: 'Opening hours of the lighthouse of Veldran?',
    alternative: 'Opening hours?',
  });
});

test.each<[string, string | Error]>([
  ['is away', new UpstreamError('llm', 'away', { retryable: true })],
  ['answers instead', `It was built in 1823. ${'And so on. '.repeat(40)}`],
  ['says nothing', ''],
  ['gives an address', 'https://evil.example/?q=it'],
])('when the model %s, rules read the question, and it is looked for as it stands too', async (_, said) => {
  model.reply = () => [said];
  expect(await rewrite('When was it built?', 1)).toMatchObject({
    query: expect.stringContaining('Veldran'),
    alternative: 'When was it built?',
  });
});

test('a long conversation is trimmed to its latest part, and what came before is summed up once', async () => {
  model.reply = (_, system) => [
    system.startsWith('Sum up') ? 'They spoke of chapters.' : 'Which lamp is meant?',
  ];
  await rewrite('Why is it so?', 30);
  expect(model.asked).toHaveLength(2);
  const [summed, asked] = model.asked.map(({ prompt }) => prompt);
  expect(summed).toContain('chapter 0 of');
  expect(summed).not.toContain('chapter 29 of');
  expect(asked).toContain('Earlier: They spoke of chapters.');
  expect(asked).toContain('chapter 29 of');
  expect(asked).not.toContain('chapter 0 of');
  expect(asked).not.toContain('[1]');
  expect(asked?.length).toBeLessThan(8000);
  await rewrite('Why is it so?', 31);
  expect(model.asked.length).toBeLessThanOrEqual(4);
  expect(model.asked.at(-1)?.prompt).toContain('Earlier: They spoke of chapters.');
  expect(model.asked.slice(2).every(({ prompt }) => !prompt.includes('chapter 0 of'))).toBe(true);
});
