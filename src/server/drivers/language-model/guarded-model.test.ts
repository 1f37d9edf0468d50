import { afterEach, describe, expect, test } from 'vitest';
import { FAKE_KEY, startFakeLanguageModel } from '../../../../test/support/fake-language-model.ts';
import { createManualClock, settle } from '../../../../test/support/manual-clock.ts';
import { systemClock } from '../../admission/clock.ts';
import { createMetrics } from '../../metrics.ts';
import type { ModelEvent, ModelRequest } from '../../ports/language-model.ts';
import { createGeminiModel } from './gemini.ts';
import { type GuardOptions, guardModel } from './guarded-model.ts';
import { ModelFault, type ModelFaultKind } from './model-fault.ts';
import type { ModelDriver } from './sdk-driver.ts';

const never = new AbortController().signal;
const REQUEST: ModelRequest = {
  system: '',
  messages: [{ role: 'user', content: 'When?' }],
  maxTokens: 100,
  temperature: 0,
};
const END: ModelEvent = {
  type: 'end',
  usage: { promptTokens: 10, completionTokens: 4 },
  finishReason: 'stop',
};
const fault = (kind: ModelFaultKind, retryAfterMs?: number) =>
  new ModelFault('Test', kind, `it is ${kind}`, retryAfterMs);

/** What one request does: texts that it says, faults that it throws, `'hang'` for silence that hears no signal. */
type Step = string | ModelFault | 'hang';

function openModel(script: (nth: number) => readonly Step[], options: Partial<GuardOptions> = {}) {
  const clock = createManualClock();
  const signals: AbortSignal[] = [];
  const askedAtMs: number[] = [];
  const faults: ModelFault[] = [];
  let checkFault: ModelFault | undefined;
  const driver: ModelDriver = {
    service: 'Test',
    name: 'test-model',
    contextTokens: 1000,
    maxReplyTokens: 100,
    async *generate(_request, signal) {
      signals.push(signal);
      askedAtMs.push(clock.now());
      for (const step of script(signals.length - 1)) {
        if (step === 'hang') await new Promise(() => {});
        else if (step instanceof ModelFault) throw step;
        else yield { type: 'text', text: step };
      }
      yield END;
    },
    async check() {
      if (checkFault !== undefined) throw checkFault;
    },
  };
  const model = guardModel(driver, {
    maxConcurrent: 2,
    timeoutMs: 30_000,
    clock,
    random: () => 1,
    onFault: (fault) => void faults.push(fault),
    ...options,
  });
  const ask = (userId = 'a', signal = never) => {
    const events: ModelEvent[] = [];
    const reply = (async () => {
      for await (const event of model.generate({ ...REQUEST, userId }, signal)) events.push(event);
      return events;
    })();
    reply.catch(() => {});
    return { events, reply };
  };
  return {
    clock,
    model,
    ask,
    signals,
    askedAtMs,
    faults,
    failCheckWith: (error: ModelFault | undefined) => {
      checkFault = error;
    },
  };
}

describe('repeats', () => {
  test('faults that can pass are tried again, later and later', async () => {
    const { clock, model, ask, askedAtMs, faults } = openModel((nth) =>
      nth < 2 ? [fault('away')] : ['Now.'],
    );
    const { reply } = ask();
    await clock.pass(10_000);
    expect(faults).toEqual([fault('away'), fault('away')]);
    expect(await reply).toEqual([{ type: 'text', text: 'Now.' }, END]);
    expect(askedAtMs).toEqual([0, 500, 1500]);
    expect(model.figures).toMatchObject({ requests: 1, answers: 1, failures: 2, repeats: 2, active: 0 });
    expect(clock.timers).toBe(0);
  });

  test('the third failure is the last', async () => {
    const { clock, ask, askedAtMs } = openModel(() => [fault('busy')]);
    const { reply } = ask();
    await clock.pass(60_000);
    await expect(reply).rejects.toMatchObject({ kind: 'busy', retryable: true });
    expect(askedAtMs).toHaveLength(3);
  });

  test.each(['key', 'model', 'quota', 'request'] as const)(
    'a fault of the kind %s is not tried again',
    async (kind) => {
      const { ask, askedAtMs } = openModel(() => [fault(kind)]);
      await expect(ask().reply).rejects.toMatchObject({ kind });
      expect(askedAtMs).toHaveLength(1);
    },
  );

  test('nothing is tried again once a word was passed on, so that no word comes twice', async () => {
    const { ask, askedAtMs } = openModel(() => ['Half of', fault('away')]);
    const { events, reply } = ask();
    await expect(reply).rejects.toMatchObject({ kind: 'away' });
    expect(events).toEqual([{ type: 'text', text: 'Half of' }]);
    expect(askedAtMs).toHaveLength(1);
  });

  test('the provider is left alone for as long as it asked', async () => {
    const { clock, ask, askedAtMs } = openModel((nth) => (nth === 0 ? [fault('busy', 7000)] : ['Now.']));
    const { reply } = ask();
    await clock.pass(20_000);
    await reply;
    expect(askedAtMs).toEqual([0, 7500]);
  });

  test('there is no waiting for a time after the deadline', async () => {
    const { ask, clock } = openModel(() => [fault('busy', 40_000)]);
    await expect(ask().reply).rejects.toMatchObject({ kind: 'busy' });
    expect(clock.now()).toBe(0);
  });
});

describe('deadlines', () => {
  test('a try that stays silent for half of the time is given up, and another one made', async () => {
    const { clock, ask, signals } = openModel((nth) => (nth === 0 ? ['hang'] : ['Now.']));
    const { reply } = ask();
    await clock.pass(15_000);
    expect(signals[0]?.aborted).toBe(true);
    await clock.pass(1000);
    expect(await reply).toContainEqual({ type: 'text', text: 'Now.' });
  });

  test('the whole reply has a deadline, whatever was said before', async () => {
    const { clock, model, ask, signals } = openModel(() => ['It begins', 'hang']);
    const { events, reply } = ask();
    await clock.pass(29_999);
    expect(events).toHaveLength(1);
    await clock.pass(1);
    await expect(reply).rejects.toMatchObject({
      kind: 'away',
      message: expect.stringContaining('LLM_TIMEOUT_MS'),
    });
    expect(signals[0]?.aborted).toBe(true);
    expect(model.figures).toMatchObject({ active: 0, waiting: 0 });
    expect(clock.timers).toBe(0);
  });

  test('who waits for a place in vain hears that there was none', async () => {
    const { clock, model, ask } = openModel(() => ['It begins', 'hang'], { maxConcurrent: 1 });
    const first = ask('a');
    await clock.pass(1000);
    const second = ask('a');
    const third = ask('a');
    await clock.pass(1000);
    ask('b');
    // the second follows the first and ends at once; then it is the turn of the other user
    await clock.pass(29_000);
    await expect(first.reply).rejects.toMatchObject({ kind: 'away' });
    await expect(second.reply).rejects.toMatchObject({ kind: 'away' });
    await expect(third.reply).rejects.toMatchObject({ code: 'OVERLOADED', retryAfterSeconds: 15 });
    expect(model.figures).toMatchObject({ active: 1, waiting: 0, refused: 1 });
  });
});

describe('places', () => {
  test('aborting frees the place at once, although the driver does not listen', async () => {
    const { model, ask, signals } = openModel(() => ['hang'], { maxConcurrent: 1 });
    const stop = new AbortController();
    const { reply } = ask('a', stop.signal);
    await settle();
    expect(model.figures.active).toBe(1);
    stop.abort(new Error('gone'));
    expect(model.figures.active).toBe(0);
    expect(signals[0]?.aborted).toBe(true);
    await expect(reply).rejects.toThrow('gone');
  });

  test('who never asks for the next event loses the place with the signal, or with the deadline', async () => {
    const { clock, model } = openModel(() => ['one', 'two']);
    const stop = new AbortController();
    await model.generate(REQUEST, stop.signal)[Symbol.asyncIterator]().next();
    await model.generate(REQUEST, never)[Symbol.asyncIterator]().next();
    expect(model.figures.active).toBe(2);
    stop.abort();
    expect(model.figures.active).toBe(1);
    await clock.pass(30_000);
    expect(model.figures.active).toBe(0);
  });

  test('who stops listening in the middle frees the place and ends the request', async () => {
    const { clock, model, signals } = openModel(() => ['one', 'two']);
    for await (const _ of model.generate(REQUEST, never)) break;
    expect(model.figures.active).toBe(0);
    expect(signals[0]?.aborted).toBe(true);
    expect(clock.timers).toBe(0);
  });

  test('no more than allowed are asked at a time, and more than ten for each place do not wait', async () => {
    const { model, ask, signals } = openModel(() => ['hang']);
    const replies = Array.from({ length: 24 }, () => ask('a').reply);
    await settle();
    expect(signals).toHaveLength(2);
    expect(model.figures).toMatchObject({ active: 2, waiting: 20, refused: 2 });
    for (const reply of replies.slice(22))
      await expect(reply).rejects.toMatchObject({
        code: 'OVERLOADED',
        retryAfterSeconds: expect.any(Number),
      });
    model.close();
    await Promise.allSettled(replies);
    expect(model.figures).toMatchObject({ active: 0, waiting: 0 });
    await expect(ask().reply).rejects.toMatchObject({ kind: 'away' });
  });

  test('who has left already asks for nothing', async () => {
    const { ask, model } = openModel(() => ['Now.']);
    await expect(ask('a', AbortSignal.abort(new Error('gone'))).reply).rejects.toThrow('gone');
    expect(model.figures.requests).toBe(0);
  });
});

describe('a service that is away', () => {
  test('is not asked for a while, then by one request alone, and by all when that is answered', async () => {
    let away = true;
    const { clock, model, ask, askedAtMs } = openModel(() => (away ? [fault('away')] : ['Back.']));
    for (let n = 0; n < 2; n++) {
      const { reply } = ask();
      await clock.pass(2000);
      await expect(reply).rejects.toMatchObject({ kind: 'away' });
    }
    // three tries and two: the fifth failure opened the breaker, and no sixth was made
    expect(askedAtMs).toHaveLength(5);
    expect(model.figures.breaker).toBe('open');
    await expect(ask().reply).rejects.toThrow(/failed 5 times in a row: it is asked again in \d+ s/);
    expect(askedAtMs).toHaveLength(5);
    const pause = 'it failed 5 times in a row and is left alone for a while.';
    expect(model.health()).toEqual({ status: 'degraded', detail: `test-model: it is away ${pause}` });
    // that the service is there does not mean that it answers
    await model.warmUp();
    expect(model.health()).toEqual({ status: 'degraded', detail: `test-model: ${pause}` });

    await clock.pass(5000);
    away = false;
    const probe = ask();
    await probe.reply;
    expect(model.figures.breaker).toBe('closed');
    await ask().reply;
    expect(model.health()).toMatchObject({ status: 'healthy' });
  });

  test('a wrong key does not open the breaker: the mended one works at once', async () => {
    let wrong = true;
    const { model, ask } = openModel(() => (wrong ? [fault('key')] : ['Now.']));
    for (let n = 0; n < 10; n++) await expect(ask().reply).rejects.toMatchObject({ kind: 'key' });
    expect(model.health()).toEqual({ status: 'degraded', detail: 'test-model: it is key' });
    wrong = false;
    await ask().reply;
    expect(model.health().status).toBe('healthy');
  });

  test('callers who leave do not count against it', async () => {
    const { model, ask } = openModel(() => ['hang']);
    for (let n = 0; n < 10; n++) {
      const stop = new AbortController();
      const { reply } = ask('a', stop.signal);
      await settle();
      stop.abort();
      await reply.catch(() => {});
    }
    expect(model.figures).toMatchObject({ breaker: 'closed', failures: 0 });
  });
});

describe('what is known of it', () => {
  test('health tells what was seen, without asking', async () => {
    const { clock, model, ask, signals, failCheckWith } = openModel(() => ['Now.']);
    expect(model.health()).toEqual({ status: 'healthy', detail: 'test-model: not asked yet' });
    failCheckWith(fault('model'));
    expect(await model.warmUp()).toEqual(fault('model'));
    expect(model.health()).toEqual({ status: 'degraded', detail: 'test-model: it is model' });
    failCheckWith(undefined);
    await model.warmUp();
    await clock.pass(3000);
    expect(model.health()).toEqual({ status: 'healthy', detail: 'test-model: was there 3 s ago' });
    expect(signals).toHaveLength(0);
    await ask().reply;
    expect(model.health()).toEqual({ status: 'healthy', detail: 'test-model: answered 0 s ago' });
  });

  test('metrics count requests, tokens, repeats and places', async () => {
    const { clock, model, ask } = openModel((nth) => (nth === 1 ? [fault('away')] : ['Now.']));
    await ask().reply;
    const metrics = createMetrics(clock.now);
    model.figures.publish(metrics);
    const { reply } = ask();
    await clock.pass(1000);
    await reply;
    const text = await metrics.prometheus();
    for (const line of [
      'ka_llm_requests_total 2',
      'ka_llm_answers_total 2',
      'ka_llm_failures_total 1',
      'ka_llm_repeats_total 1',
      'ka_llm_prompt_tokens_total 20',
      'ka_llm_completion_tokens_total 8',
      'ka_llm_active 0',
      'ka_llm_queue_length 0',
      'ka_llm_breaker_state 0',
    ])
      expect(text).toContain(`\n${line}\n`);
    expect(metrics.report().stages).toMatchObject([{ name: 'llm-first-word', count: 1 }]);
  });
});

describe("over a provider's real client", () => {
  const closers: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });
  async function openGemini(options: Partial<GuardOptions> = {}) {
    const fake = await startFakeLanguageModel();
    const driver = createGeminiModel({
      model: 'fake-model',
      apiKey: FAKE_KEY,
      baseUrl: fake.baseUrl('gemini'),
    });
    const model = guardModel(driver, {
      maxConcurrent: 3,
      timeoutMs: 30_000,
      clock: { ...systemClock, after: (ms, then) => systemClock.after(ms > 10_000 ? ms : 0, then) },
      ...options,
    });
    closers.push(() => model.close(), fake.close);
    return { fake, model };
  }

  test('a fault, a broken connection and a torn stream are healed by repeats before the first word', async () => {
    const { fake, model } = await openGemini();
    fake.answer = (_request, nth) =>
      nth === 0
        ? { kind: 'status', status: 503 }
        : nth === 1
          ? { kind: 'cut', text: '', afterParts: 0 }
          : 'All is well.';
    let text = '';
    for await (const event of model.generate(REQUEST, never)) if (event.type === 'text') text += event.text;
    expect(text).toBe('All is well.');
    expect(fake.seen).toHaveLength(3);
  });

  test('many requests at once never exceed the places, and all are answered', async () => {
    const { fake, model } = await openGemini();
    fake.latency = { firstMs: 5, betweenMs: 0 };
    fake.answer = ({ prompt }) => `You said ${prompt}`;
    const replies = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const messages = [{ role: 'user' as const, content: `number ${n}` }];
        let text = '';
        for await (const event of model.generate({ ...REQUEST, messages, userId: `u${n % 4}` }, never))
          if (event.type === 'text') text += event.text;
        return text;
      }),
    );
    expect(replies).toEqual(Array.from({ length: 20 }, (_, n) => `You said number ${n}`));
    expect(fake.mostActive).toBe(3);
  });

  test('aborting closes the connection, and the provider stops writing', async () => {
    const { fake, model } = await openGemini();
    fake.latency = { firstMs: 0, betweenMs: 60_000 };
    fake.answer = () => 'A long answer that is never heard to its end.';
    const stop = new AbortController();
    const reply = model.generate(REQUEST, stop.signal)[Symbol.asyncIterator]();
    await reply.next();
    stop.abort();
    expect(model.figures.active).toBe(0);
    await expect(reply.next()).rejects.toThrow();
    await fake.until(() => fake.left === 1);
    expect(fake.active).toBe(0);
  });

  test('warming up asks for no answer, and tells a wrong key', async () => {
    const { fake, model } = await openGemini();
    await model.warmUp();
    expect(model.health()).toMatchObject({ status: 'healthy' });
    const wrong = guardModel(
      createGeminiModel({ model: 'fake-model', apiKey: 'wrong', baseUrl: fake.baseUrl('gemini') }),
      { maxConcurrent: 1, timeoutMs: 30_000 },
    );
    await wrong.warmUp();
    expect(wrong.health()).toMatchObject({
      status: 'degraded',
      detail: expect.stringContaining('GEMINI_API_KEY'),
    });
    expect(fake.seen).toHaveLength(0);
  });
});
