import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Embedder } from '../../ports/embedder.ts';

export const cosine = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

const TEXTS = [
  'How do I renew my passport?',
  'A passport is renewed at the town hall; bring two photographs.',
  'Bread rises faster in a warm kitchen.',
  'Der Zug nach Wien fährt um acht Uhr ab.',
  '猫が好きです。',
];

/** @param make  one embedder for all of the tests; it is closed at their end. */
export function embedderConformance(name: string, make: () => Embedder | Promise<Embedder>): void {
  describe(`embedder: ${name}`, () => {
    let embedder: Embedder;
    beforeAll(async () => {
      embedder = await make();
    });
    afterAll(() => embedder.close());
    const embedOne = async (text: string) => (await embedder.embed([text], 'passage'))[0]!;

    test('says what its vectors are', () => {
      expect(embedder.fingerprint).toMatch(/^\S+$/);
      expect(embedder.dimensions).toBeGreaterThan(0);
      expect(embedder.maxTokens).toBeGreaterThan(0);
      expect(embedder.maxTextsPerCall).toBeGreaterThan(0);
    });

    test('gives one normalized vector a text, in order', async () => {
      const vectors = await embedder.embed(TEXTS, 'passage');
      expect(vectors).toHaveLength(TEXTS.length);
      for (const [i, vector] of vectors.entries()) {
        expect(vector).toBeInstanceOf(Float32Array);
        expect(vector).toHaveLength(embedder.dimensions);
        expect(cosine(vector, vector)).toBeCloseTo(1, 4);
        expect(cosine(vector, await embedOne(TEXTS[i]!))).toBeGreaterThan(0.9999);
      }
    });

    test('gives the same vector for the same text, alone or among others', async () => {
      const [text = '', ...others] = TEXTS;
      const alone = await embedOne(text);
      const among = await embedder.embed([...others, text, 'short', text.repeat(30)], 'passage');
      expect(among[others.length]).toEqual(alone);
      const together = await Promise.all(TEXTS.map(embedOne));
      expect(together[0]).toEqual(alone);
    });

    test('puts a question nearer to its answer than to something else', async () => {
      const [question] = await embedder.embed(TEXTS.slice(0, 1), 'query');
      const [answer, other] = await embedder.embed(TEXTS.slice(1, 3), 'passage');
      expect(cosine(question!, answer!)).toBeGreaterThan(cosine(question!, other!));
    });

    test('gives no vectors for no texts', async () => {
      expect(await embedder.embed([], 'query')).toEqual([]);
    });

    test.each([
      ['an empty text', ''],
      ['white space', ' \n\t '],
      ['control characters and lone surrogates', '\u0000\ud800 \udfff\u0007'],
      ['one word of 100,000 letters', 'x'.repeat(100_000)],
      ['a text of 100,000 characters', 'many words in a row '.repeat(5_000)],
    ])('gives %s a usable vector', async (_, text) => {
      const vector = await embedOne(text);
      expect(vector).toHaveLength(embedder.dimensions);
      expect(vector.every(Number.isFinite)).toBe(true);
      expect(cosine(vector, vector)).toBeCloseTo(1, 4);
    });

    test('takes a list as long as it says', async () => {
      const texts = Array.from({ length: embedder.maxTextsPerCall }, (_, i) => `text ${i}`);
      expect(await embedder.embed(texts, 'passage')).toHaveLength(texts.length);
    });

    test('does not begin for a caller who has gone', async () => {
      const signal = AbortSignal.abort();
      await expect(embedder.embed(['late'], 'query', signal)).rejects.toMatchObject({ name: 'AbortError' });
    });

    test('stops when it is aborted, and works on', async () => {
      const controller = new AbortController();
      const texts = Array.from({ length: embedder.maxTextsPerCall }, () => TEXTS[1]!.repeat(4));
      const pending = embedder.embed(texts, 'passage', controller.signal);
      controller.abort();
      await expect(pending).rejects.toMatchObject({ name: 'AbortError' });
      expect(await embedOne('after')).toHaveLength(embedder.dimensions);
    });

    test('lets a question overtake the passages that wait', async () => {
      const texts = Array.from({ length: embedder.maxTextsPerCall }, () => TEXTS[1]!.repeat(4));
      const order: string[] = [];
      const passages = [1, 2].map(() => embedder.embed(texts, 'passage').then(() => order.push('passages')));
      await embedder.embed(['a question'], 'query').then(() => order.push('question'));
      await Promise.all(passages);
      expect(order).not.toEqual(['passages', 'passages', 'question']);
    });
  });
}
