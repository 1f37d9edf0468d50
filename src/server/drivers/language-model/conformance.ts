import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  FAKE_KEY,
  type FakeLanguageModel,
  startFakeLanguageModel,
} from '../../../../test/support/fake-language-model.ts';
import type { Dialect } from '../../../../test/support/fake-model-wire.ts';
import type { ModelEvent, ModelRequest } from '../../ports/language-model.ts';
import { ModelFault } from './model-fault.ts';
import type { ModelDriver } from './sdk-driver.ts';

export interface ModelUnderTest {
  readonly dialect: Dialect;
  readonly make: (options: { baseUrl: string; apiKey: string; model: string }) => ModelDriver;
}

const MODEL = 'fake-model';
const REQUEST: ModelRequest = {
  system: 'Answer from the passages.',
  messages: [
    { role: 'user', content: 'Who built it?' },
    { role: 'assistant', content: 'Ada did [1].' },
    { role: 'user', content: 'When? “Exactly” – 時間' },
  ],
  maxTokens: 321,
  temperature: 0.25,
};
const never = new AbortController().signal;

/** What every driver of a language model does, proved with the provider's real client against a server on loopback. */
export function languageModelConformance(name: string, { dialect, make }: ModelUnderTest): void {
  describe(`language model: ${name}`, () => {
    let fake: FakeLanguageModel;
    const driver = (options: { apiKey?: string; model?: string; baseUrl?: string } = {}) =>
      make({ baseUrl: fake.baseUrl(dialect), apiKey: FAKE_KEY, model: MODEL, ...options });
    beforeAll(async () => {
      fake = await startFakeLanguageModel({ models: [MODEL] });
    });
    afterAll(() => fake.close());
    beforeEach(() => {
      fake.answer = () => 'Yes.';
      fake.latency = { firstMs: 0, betweenMs: 0 };
    });

    const faultOf = async (reply: AsyncIterable<ModelEvent>): Promise<ModelFault> => {
      const error = await collect(reply).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toBeInstanceOf(ModelFault);
      // causes are logged, and what clients throw holds the prompt
      expect((error as ModelFault).cause).toBeUndefined();
      return error as ModelFault;
    };

    test('the whole prompt reaches the provider, and nothing before the first event is asked for', async () => {
      const before = fake.seen.length;
      const reply = driver().generate({ ...REQUEST, userId: 'somebody-in-particular' }, never);
      expect(fake.seen).toHaveLength(before);
      await collect(reply);
      const asked = fake.seen.at(-1);
      expect(asked).toMatchObject({
        model: MODEL,
        system: REQUEST.system,
        messages: REQUEST.messages,
        maxTokens: REQUEST.maxTokens,
        temperature: REQUEST.temperature,
      });
      expect(JSON.stringify([asked?.body, asked?.headers])).not.toContain('somebody-in-particular');
    });

    test('text comes in order and unchanged, then one end with the usage', async () => {
      const text = 'Ada Lovelace [1] wrote “notes” — 日本語 🚀.\n\nTwice.';
      fake.answer = () => text;
      const events = await collect(driver().generate(REQUEST, never));
      expect(textOf(events)).toBe(text);
      expect(events.filter(({ type }) => type === 'text').length).toBeGreaterThan(1);
      expect(events.at(-1)).toEqual({
        type: 'end',
        // the fake server counts the words of the system's and the last message
        usage: { promptTokens: 8, completionTokens: 9 },
        finishReason: 'stop',
      });
      expect(events.filter(({ type }) => type === 'end')).toHaveLength(1);
    });

    test('the first part is handed out while the rest is not written yet', async () => {
      fake.latency = { firstMs: 0, betweenMs: 60_000 };
      fake.answer = () => 'The first part and then a very long silence.';
      const reply = driver().generate(REQUEST, never)[Symbol.asyncIterator]();
      expect(await reply.next()).toMatchObject({ done: false, value: { type: 'text' } });
      const left = fake.left;
      await reply.return?.();
      await fake.until(() => fake.left === left + 1);
      expect(fake.active).toBe(0);
    });

    test('a reply that was cut short, or held back, says so', async () => {
      fake.answer = () => ({ kind: 'text', text: 'To be', finish: 'length' });
      expect((await collect(driver().generate(REQUEST, never))).at(-1)).toMatchObject({
        finishReason: 'length',
      });
      fake.answer = () => ({ kind: 'text', text: '', finish: 'filtered' });
      expect((await collect(driver().generate(REQUEST, never))).at(-1)).toMatchObject({
        finishReason: 'filtered',
      });
    });

    test('an empty reply is an end without text', async () => {
      fake.answer = () => '';
      const events = await collect(driver().generate(REQUEST, never));
      expect(events).toEqual([expect.objectContaining({ type: 'end', finishReason: 'stop' })]);
    });

    test('aborting ends the request at the provider and throws the reason', async () => {
      fake.answer = () => ({ kind: 'silence' });
      const stop = new AbortController();
      const left = fake.left;
      const reply = collect(driver().generate(REQUEST, stop.signal));
      const asked = fake.seen.length;
      await Promise.race([fake.until(() => fake.seen.length === asked + 1), reply]);
      const reason = new Error('the reader has gone');
      stop.abort(reason);
      await expect(reply).rejects.toBe(reason);
      await fake.until(() => fake.left === left + 1);
      await expect(collect(driver().generate(REQUEST, stop.signal))).rejects.toBe(reason);
    });

    test('a wrong key is told by the name of its setting, and is not repeated', async () => {
      const fault = await faultOf(driver({ apiKey: 'sk-wrong-hunter2' }).generate(REQUEST, never));
      expect(fault).toMatchObject({ kind: 'key', retryable: false });
      expect(fault.message).toMatch(/_API_KEY/);
      expect(fault.message).not.toContain('hunter2');
    });

    test('an unknown model is told by its name', async () => {
      const fault = await faultOf(driver({ model: 'no-such-model' }).generate(REQUEST, never));
      expect(fault).toMatchObject({ kind: 'model', retryable: false });
      expect(fault.message).toContain('no-such-model');
    });

    test('a quota that is used up is no passing fault', async () => {
      fake.answer = () => ({ kind: 'status', status: 429, code: 'insufficient_quota' });
      expect(await faultOf(driver().generate(REQUEST, never))).toMatchObject({
        kind: 'quota',
        retryable: false,
      });
    });

    test('too many requests may be repeated, after the time that was asked for', async () => {
      const asked = fake.seen.length;
      fake.answer = () => ({ kind: 'status', status: 429, headers: { 'retry-after': '7' } });
      expect(await faultOf(driver().generate(REQUEST, never))).toMatchObject({
        kind: 'busy',
        retryable: true,
        retryAfterMs: 7000,
      });
      fake.answer = () => ({ kind: 'status', status: 429 });
      expect(await faultOf(driver().generate(REQUEST, never))).toMatchObject({
        kind: 'busy',
        retryAfterMs: undefined,
      });
      // the client's own retries are off
      expect(fake.seen).toHaveLength(asked + 2);
    });

    test.each([408, 500, 502, 503, 504])('status %i may be repeated', async (status) => {
      fake.answer = () => ({ kind: 'status', status });
      expect(await faultOf(driver().generate(REQUEST, never))).toMatchObject({
        kind: 'away',
        retryable: true,
      });
    });

    test('a request that is refused for itself is not repeated, and its prompt is not in the message', async () => {
      fake.answer = () => ({ kind: 'status', status: 400 });
      const fault = await faultOf(driver().generate(REQUEST, never));
      expect(fault).toMatchObject({ kind: 'request', retryable: false });
      expect(fault.message).not.toContain('passages');
    });

    test.each([
      { kind: 'cut', text: 'Half of what was meant to be said.', afterParts: 2 },
      { kind: 'unfinished', text: 'Half of what was meant to be said.' },
      { kind: 'error-in-stream', text: 'Half of what was meant to be said.', code: 'server_error' },
    ] as const)('a reply that breaks off ($kind) keeps its text and has no end', async (broken) => {
      fake.answer = () => broken;
      const events: ModelEvent[] = [];
      const fault = await faultOf(
        (async function* () {
          for await (const event of driver().generate(REQUEST, never)) {
            events.push(event);
            yield event;
          }
        })(),
      );
      expect(fault).toMatchObject({ retryable: true });
      expect(textOf(events)).toContain('Half of');
      expect(events.every(({ type }) => type === 'text')).toBe(true);
    });

    test('an overload that is reported inside of the stream counts as one', async () => {
      fake.answer = () => ({ kind: 'error-in-stream', text: '', code: 'overloaded_error' });
      expect(await faultOf(driver().generate(REQUEST, never))).toMatchObject({
        kind: 'busy',
        retryable: true,
      });
    });

    test('a connection that is torn, or refused, may be tried again', async () => {
      fake.answer = () => ({ kind: 'cut', text: '', afterParts: 0 });
      expect(await faultOf(driver().generate(REQUEST, never))).toMatchObject({
        kind: 'away',
        retryable: true,
      });
      const gone = await startFakeLanguageModel();
      const baseUrl = gone.baseUrl(dialect);
      await gone.close();
      const fault = await faultOf(driver({ baseUrl }).generate(REQUEST, never));
      expect(fault).toMatchObject({ kind: 'away', retryable: true });
      expect(fault.message).toContain('ECONNREFUSED');
      await expect(driver({ baseUrl }).check(never)).rejects.toMatchObject({ message: fault.message });
    });

    test('what is no reply at all is a fault', async () => {
      fake.answer = () => ({ kind: 'junk' });
      expect(await faultOf(driver().generate(REQUEST, never))).toMatchObject({
        kind: 'away',
        retryable: true,
      });
    });

    test('a check costs no generation, and finds a wrong key and an unknown model', async () => {
      const asked = fake.seen.length;
      await driver().check(never);
      await expect(driver({ apiKey: 'wrong' }).check(never)).rejects.toMatchObject({ kind: 'key' });
      await expect(driver({ model: 'no-such-model' }).check(never)).rejects.toMatchObject({
        kind: 'model',
        message: expect.stringContaining('no-such-model'),
      });
      expect(fake.seen).toHaveLength(asked);
    });
  });
}

async function collect(reply: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of reply) events.push(event);
  return events;
}

const textOf = (events: readonly ModelEvent[]): string =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('');
