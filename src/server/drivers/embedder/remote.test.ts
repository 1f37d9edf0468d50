import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type FakeEmbeddingServer,
  startFakeEmbeddingServer,
} from '../../../../test/support/fake-embedding-server.ts';
import { FAKE_KEY } from '../../../../test/support/fake-language-model.ts';
import { createManualClock, type ManualClock } from '../../../../test/support/manual-clock.ts';
import { readConfig } from '../../config.ts';
import type { RemoteEmbedding } from '../../embedding-config.ts';
import type { ModelFault } from '../language-model/model-fault.ts';
import { embedderConformance } from './conformance.ts';
import { createRemoteEmbedder, type RemoteEmbedderOptions } from './remote.ts';

let fake: FakeEmbeddingServer;
beforeAll(async () => {
  fake = await startFakeEmbeddingServer();
});
beforeEach(() => {
  fake.fault = () => undefined;
});
afterAll(() => fake.close());

const settingsOf = (provider: RemoteEmbedding['provider']): Record<string, string> =>
  provider === 'gemini'
    ? { EMBEDDING_PROVIDER: provider, EMBEDDING_BASE_URL: fake.baseUrl('gemini'), GEMINI_API_KEY: FAKE_KEY }
    : {
        EMBEDDING_PROVIDER: provider,
        EMBEDDING_BASE_URL: fake.baseUrl('openai'),
        OPENAI_API_KEY: FAKE_KEY,
        ...(provider === 'openai-compatible' ? { EMBEDDING_MODEL: 'all-minilm' } : {}),
      };
function make(
  provider: RemoteEmbedding['provider'],
  settings: Record<string, string> = {},
  options: RemoteEmbedderOptions = {},
) {
  const { embedding } = readConfig({ LLM_PROVIDER: 'extractive', ...settingsOf(provider), ...settings });
  if (embedding.provider === 'bundled') throw new Error('these settings name no provider');
  return createRemoteEmbedder(embedding, options);
}
/** Lets pauses of no length end, until the work is done. */
async function throughPauses<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let done = false;
  const end = () => {
    done = true;
  };
  work.then(end, end);
  while (!done) await clock.pass(0);
  return work;
}
const lastSeen = () => fake.seen.at(-1);
const seenSince = (from: number) => fake.seen.slice(from);

for (const provider of ['gemini', 'openai', 'openai-compatible'] as const)
  embedderConformance(provider, () => make(provider));

describe('what is asked for', () => {
  test('Gemini is told what a text is for, and how long vectors shall be', async () => {
    const embedder = make('gemini');
    const [question] = await embedder.embed(['lamp'], 'query');
    expect(lastSeen()).toMatchObject({ dimensions: 768, taskType: 'RETRIEVAL_QUERY' });
    await embedder.embed(['lamp', 'oil'], 'passage');
    expect(lastSeen()).toMatchObject({ texts: ['lamp', 'oil'], taskType: 'RETRIEVAL_DOCUMENT' });
    expect([question?.length, embedder.fingerprint]).toEqual([768, 'gemini/gemini-embedding-001/768']);
  });

  test('OpenAI is told a length, a compatible server is not', async () => {
    await make('openai', { EMBEDDING_DIMENSIONS: '256' }).embed(['lamp'], 'query');
    expect(lastSeen()).toMatchObject({ model: 'text-embedding-3-small', dimensions: 256 });
    await make('openai-compatible').embed(['lamp'], 'query');
    expect(lastSeen()).toMatchObject({ model: 'all-minilm', dimensions: undefined });
  });

  test('tokens are told as the provider counts them, else as they are estimated', async () => {
    const spent: number[] = [];
    const tell = (tokens: number) => void spent.push(tokens);
    await make('openai').embed(['one two three', 'four'], 'passage', undefined, tell);
    await make('gemini').embed(['one two three', 'four'], 'passage', undefined, tell);
    expect(spent).toEqual([4, expect.any(Number)]);
    expect(spent[1]).toBeGreaterThan(2);
  });
});

describe('what the provider refuses', () => {
  const refused = { status: 400 };

  test('a request that is too long for it is made in parts, and a text that it cannot read whole is cut', async () => {
    const embedder = make('openai');
    const long = 'far too long a text '.repeat(20);
    fake.fault = ({ texts }) => (texts.some((text) => text.length > 150) ? refused : undefined);
    const texts = ['lamp', 'oil', long, 'bread', 'letters'];
    const before = fake.seen.length;
    const vectors = await embedder.embed(texts, 'passage');
    expect(vectors).toHaveLength(texts.length);
    fake.fault = () => undefined;
    for (const i of [0, 1, 3, 4])
      expect([vectors[i]]).toEqual(await embedder.embed([texts[i] ?? ''], 'passage'));
    expect([vectors[2]]).toEqual(await embedder.embed([long.slice(0, 100)], 'passage'));
    // halves of 5, 3 and 1 hold it, then it is cut twice
    const asked = seenSince(before)
      .slice(0, 7)
      .map((request) => request.texts.length);
    expect(asked).toEqual([5, 3, 2, 1, 1, 1, 2]);
  });

  test('where it refuses everything nobody asks for long', async () => {
    const embedder = make('openai');
    fake.fault = () => refused;
    const before = fake.seen.length;
    const texts = Array.from({ length: 64 }, () => 'many words in a row '.repeat(40));
    await expect(embedder.embed(texts, 'passage')).rejects.toMatchObject({
      kind: 'request',
      retryable: false,
    });
    expect(seenSince(before).length).toBeLessThan(12);
  });

  test('one request never holds more tokens than OpenAI takes', async () => {
    const embedder = make('openai');
    const before = fake.seen.length;
    const texts = Array.from({ length: 64 }, (_, i) => `${i} ${'word '.repeat(6_000)}`);
    expect(await embedder.embed(texts, 'passage')).toHaveLength(64);
    const sizes = seenSince(before).map((request) => request.texts.join(' ').split(' ').length);
    expect(sizes.length).toBeGreaterThan(1);
    expect(Math.max(...sizes)).toBeLessThan(300_000);
  });
});

describe('faults', () => {
  const busy = { status: 429 };

  test('what may pass is tried again, and not longer than that', async () => {
    const clock = createManualClock();
    const faults: string[] = [];
    const onFault = ({ kind }: ModelFault) => void faults.push(kind);
    const embedder = make('openai', {}, { clock, random: () => 0, onFault });
    const before = fake.seen.length;
    fake.fault = (_request, nth) => (nth - before < 2 ? busy : undefined);
    await expect(throughPauses(clock, embedder.embed(['lamp'], 'passage'))).resolves.toHaveLength(1);
    expect(seenSince(before)).toHaveLength(3);
    expect(faults).toEqual(['busy', 'busy']);
    fake.fault = () => busy;
    await expect(throughPauses(clock, embedder.embed(['lamp'], 'query'))).rejects.toMatchObject({
      kind: 'busy',
      retryable: true,
    });
    expect(seenSince(before)).toHaveLength(5);
  });

  test('a provider that fails and fails is left alone for a while', async () => {
    const clock = createManualClock();
    const embedder = make('openai', {}, { clock, random: () => 0 });
    fake.fault = () => 'cut';
    const before = fake.seen.length;
    for (let i = 0; i < 3; i++)
      await expect(throughPauses(clock, embedder.embed(['lamp'], 'query'))).rejects.toMatchObject({
        kind: 'away',
      });
    expect(seenSince(before)).toHaveLength(5);
    await expect(embedder.embed(['lamp'], 'query')).rejects.toThrow(/5 times in a row/);
    fake.fault = () => undefined;
    await clock.pass(6000);
    await expect(embedder.embed(['lamp'], 'query')).resolves.toHaveLength(1);
  });

  test('a question waits for some seconds and no longer', async () => {
    const clock = createManualClock();
    const embedder = make('openai', {}, { clock });
    fake.fault = () => 'silence';
    const before = fake.seen.length;
    const asked = embedder.embed(['lamp'], 'query');
    asked.catch(() => {});
    await expect.poll(() => seenSince(before).length).toBe(1);
    await clock.pass(4000);
    await expect(asked).rejects.toMatchObject({ kind: 'away', message: expect.stringMatching(/4000 ms/) });
  });

  test.each([
    [{ OPENAI_API_KEY: 'another-key' }, /refuses the key.*OPENAI_API_KEY.*EMBEDDING_PROVIDER=bundled/],
    [
      { EMBEDDING_MODEL: 'nobody-knows', EMBEDDING_DIMENSIONS: '8' },
      /no model nobody-knows.*EMBEDDING_MODEL/,
    ],
    [{ EMBEDDING_MODEL: 'house-model', EMBEDDING_DIMENSIONS: '8' }, /96 numbers.*EMBEDDING_DIMENSIONS=96/],
  ])('%j is told to whoever can mend it, and not tried again', async (settings, sentence) => {
    const before = fake.seen.length;
    const embedder = make('openai-compatible', settings as Record<string, string>);
    await expect(embedder.embed(['lamp'], 'query')).rejects.toThrow(sentence);
    expect(seenSince(before).length).toBeLessThanOrEqual(1);
  });

  test('whether it is well is not asked while it answers', async () => {
    const clock = createManualClock();
    const embedder = make('openai', {}, { clock });
    const signal = new AbortController().signal;
    await embedder.embed(['lamp'], 'passage');
    const before = fake.seen.length;
    await embedder.check(signal);
    expect(seenSince(before)).toHaveLength(0);
    await clock.pass(61_000);
    await embedder.check(signal);
    await embedder.check(signal);
    expect(seenSince(before)).toHaveLength(1);
    fake.fault = () => ({ status: 401 });
    await expect(embedder.embed(['lamp'], 'query')).rejects.toMatchObject({ kind: 'key' });
    await expect(embedder.check(signal)).rejects.toMatchObject({ kind: 'key' });
  });

  test.each(['junk', 'one-less'] as const)('an answer that is %s makes no vectors', async (fault) => {
    const clock = createManualClock();
    const embedder = make('openai', {}, { clock, random: () => 0 });
    fake.fault = () => fault;
    await expect(throughPauses(clock, embedder.embed(['lamp', 'oil'], 'passage'))).rejects.toMatchObject({
      kind: 'away',
    });
  });
});
