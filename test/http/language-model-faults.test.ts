import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Client } from '../../bench/lib/server.ts';
import type { Answer } from '../../src/contract/query.ts';
import { DEFAULT_MODELS } from '../../src/server/settings.ts';
import { FAKE_KEY, type Reply } from '../support/fake-language-model.ts';
import { type ModelHouse, openModelHouse, textOf } from '../support/model-house.ts';
import type { EventSeen } from '../support/read-events.ts';
import { numberOf } from '../support/scripted-model.ts';

const LIGHTHOUSE = `# The lighthouse of Veldran

The lighthouse of Veldran was built in 1823 by the engineer Ottilie Marsh. It stands on a cliff of red sandstone.`;
const QUESTION = 'Who built the lighthouse of Veldran?';
const MODEL = DEFAULT_MODELS.gemini;
const HALF = 'Ottilie Marsh built the lighthouse of Veldran in 1823';

let house: ModelHouse;
let reader: Client;
beforeAll(async () => {
  // pauses before repeats are anything from nothing to their bound: here nothing
  vi.spyOn(Math, 'random').mockReturnValue(0);
  // few places, so that whoever keeps one is found out; a deadline that tests can wait for
  house = await openModelHouse({
    LLM_MAX_CONCURRENT: '2',
    LLM_TIMEOUT_MS: '3000',
    LLM_CACHE_TTL_S: '0',
  });
  reader = await house.userWith({ 'lighthouse.md': LIGHTHOUSE });
});
afterAll(async () => {
  vi.restoreAllMocks();
  await house.close();
});

const well = ({ prompt }: { prompt: string }) => `${HALF} [${numberOf(prompt, 'Ottilie')}].`;
beforeEach(async () => {
  house.fake.answer = well;
});

const asked = async (query = QUESTION): Promise<Answer> => {
  const response = await house.ask(reader, { query });
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
};
const streamed = async (query = QUESTION): Promise<EventSeen[]> => {
  const events: EventSeen[] = [];
  for await (const event of house.stream(reader, { query })) events.push(event);
  return events;
};
/** The place is free, and the next question is answered by the model. */
async function expectWell(): Promise<void> {
  expect(house.installation.model?.figures).toMatchObject({ active: 0, waiting: 0 });
  house.fake.answer = well;
  expect(await asked()).toMatchObject({ model: MODEL, answered: true });
  await house.fake.until(() => house.fake.active === 0);
}
/** What the documents say, marked as that. */
const fallenBack = (fallback: Answer['fallback']) => ({
  answered: true,
  model: 'extractive',
  fallback,
  answer: expect.stringContaining('built in 1823 by the engineer Ottilie Marsh'),
  citations: [expect.objectContaining({ supported: true })],
});

test.each<[string, Reply, Answer['fallback'], number]>([
  ['answers 500', { kind: 'status', status: 500 }, 'unavailable', 3],
  ['answers 503', { kind: 'status', status: 503 }, 'unavailable', 3],
  ['has too many requests', { kind: 'status', status: 429 }, 'unavailable', 3],
  [
    'asks to be left alone for longer than anybody waits',
    { kind: 'status', status: 429, headers: { 'retry-after': '60' } },
    'unavailable',
    1,
  ],
  ['has no quota left', { kind: 'status', status: 429, code: 'insufficient_quota' }, 'unavailable', 1],
  ['refuses the request', { kind: 'status', status: 400 }, 'unavailable', 1],
  ['tears the connection', { kind: 'cut', text: '', afterParts: 0 }, 'unavailable', 3],
  ['sends junk', { kind: 'junk' }, 'unavailable', 3],
  ['reports an error in the stream', { kind: 'error-in-stream', text: '', code: 'X' }, 'unavailable', 3],
  ['says nothing', { kind: 'text', text: '' }, 'empty', 1],
  ['is kept from speaking', { kind: 'text', text: '', finish: 'filtered' }, 'empty', 1],
  ['speaks of other things', { kind: 'text', text: 'Bananas grow in Peru.' }, 'unsupported', 1],
])('when the model %s, the documents answer, marked as such', async (_, reply, fallback, tries) => {
  for (const stream of [false, true]) {
    house.fake.answer = () => reply;
    const before = house.fake.seen.length;
    const answer = stream ? (await streamed()).at(-1)?.data : await asked();
    expect(answer).toMatchObject(fallenBack(fallback));
    expect(house.fake.seen).toHaveLength(before + tries);
    await expectWell();
  }
});

test('what passes by the second try is not noticed', async () => {
  let tries = 0;
  house.fake.answer = (request) => {
    if (++tries > 1) return well(request);
    return { kind: 'status', status: 429, headers: { 'retry-after': '0' } };
  };
  expect(await asked()).toMatchObject({ model: MODEL, answered: true });
  expect(tries).toBe(2);
});

test.each<Reply>([
  { kind: 'cut', text: `${HALF} [1], and then`, afterParts: 4 },
  { kind: 'unfinished', text: HALF },
  { kind: 'error-in-stream', text: HALF, code: 'UNAVAILABLE' },
])(
  'when the model breaks off in the middle ($kind), what was streamed stays, with a problem, and a whole answer falls back',
  async (reply) => {
    house.fake.answer = () => reply;
    const before = house.fake.seen.length;
    const events = await streamed();
    expect(textOf(events)).toMatch(/^Ottilie Marsh built/);
    expect(events.at(-1)).toMatchObject({
      event: 'error',
      data: { type: 'urn:ka:error:upstream-unavailable', detail: expect.stringContaining('ask again') },
    });
    // no word comes twice
    expect(house.fake.seen).toHaveLength(before + 1);
    const whole = await house.ask(reader, { query: QUESTION });
    // nobody has seen anything of it yet: the documents answer in its place
    expect(whole.status).toBe(200);
    expect(await whole.json()).toMatchObject(fallenBack('unavailable'));
    await expectWell();
  },
);

test('when the model falls silent, nobody waits longer than the deadline, and what was streamed stays', async () => {
  house.fake.answer = ({ prompt }) =>
    prompt.endsWith('(silent)')
      ? { kind: 'silence' }
      : {
          kind: 'parts',
          parts: (async function* () {
            yield `${HALF}. `;
            await new Promise(() => {});
          })(),
        };
  const left = house.fake.left;
  const [silent, half] = await Promise.all([streamed(`${QUESTION} (silent)`), streamed()]);
  expect(silent.at(-1)?.data).toMatchObject(fallenBack('unavailable'));
  expect(textOf(half)).toContain('Ottilie Marsh built');
  expect(half.at(-1)).toMatchObject({ event: 'error', data: { status: 503 } });
  // nothing is left open at the provider: one was silent twice
  await house.fake.until(() => house.fake.left === left + 3 && house.fake.active === 0);
  await expectWell();
});

test('when nobody listens at the address, the documents answer, and the breaker keeps later ones from waiting', async () => {
  await house.fake.close();
  const { figures } = house.installation.model ?? {};
  expect(await asked()).toMatchObject(fallenBack('unavailable'));
  expect(await asked()).toMatchObject(fallenBack('unavailable'));
  expect(figures?.breaker).toBe('open');
  const failures = figures?.failures;
  expect(await asked()).toMatchObject(fallenBack('unavailable'));
  expect(figures?.failures).toBe(failures);
  const health = (await (await fetch(`${house.url}/health/detailed`)).json()) as {
    status: string;
    checks: { llm: { status: string; detail: string } };
  };
  expect(health).toMatchObject({
    status: 'degraded',
    checks: { llm: { status: 'degraded', detail: expect.stringContaining('ECONNREFUSED') } },
  });
  expect(await house.metrics.prometheus()).toMatch(/^ka_llm_breaker_state 2$/m);
  for (const secret of [FAKE_KEY, 'Veldran']) expect(house.logged.join('')).not.toContain(secret);
  expect(house.logged.join('')).toContain('"event":"language model failed","kind":"away"');
});
