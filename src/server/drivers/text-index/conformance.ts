import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { chunkKey, type ScopeCollection, type SearchScope } from '../../ports/search-scope.ts';
import type { QueryTerm, TextEntry, TextReader, TextWriter } from '../../ports/text-index.ts';
import type { Transaction } from '../../ports/transaction.ts';

export interface TextIndexUnderTest {
  readonly writer: TextWriter;
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** A reader with its own view of what is committed. */
  openReader(): TextReader;
  tombstone(collectionNo: number, firstOrdinal: number, ordinalCount: number): Promise<void>;
  /** Everything the index holds of a collection, in any form that equal contents have alike; empty when nothing is left. */
  dump(collectionNo: number): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

/** Every driver of `TextReader` and `TextWriter` passes these. */
export function describeTextIndex(name: string, make: () => Promise<TextIndexUnderTest>): void {
  describe(`text index: ${name}`, () => {
    let index: TextIndexUnderTest;
    let reader: TextReader;
    beforeEach(async () => {
      index = await make();
      reader = index.openReader();
    });
    afterEach(async () => {
      await reader.close();
      await index.close();
    });

    const add = (collectionNo: number, entries: readonly TextEntry[]) =>
      index.transaction((tx) => index.writer.add(tx, collectionNo, entries));
    const remove = (collectionNo: number, first: number, count: number, terms?: ReadonlySet<string>) =>
      index.transaction((tx) => index.writer.removeRange(tx, collectionNo, first, count, terms));
    const keys = async (terms: readonly string[], scope: SearchScope, k = 10) =>
      (await reader.search(words(...terms), k, scope)).map((hit) => hit.key);

    test('scores equal those of BM25 computed by hand over the scope', async () => {
      const texts = randomEntries(9000, 1);
      await addInBatches(add, 1, texts);
      await add(2, randomEntries(50, 2));
      const random = randomNumbers(3);
      for (let query = 0; query < 40; query++) {
        const terms = words(...Array.from({ length: 1 + (query % 8) }, () => zipfWord(random)));
        expectSameHits(
          await reader.search(terms, 50, whole(1)),
          bruteForce(new Map([[1, texts]]), terms, 50),
        );
      }
    });

    test('several collections in one scope are ranked as one', async () => {
      const contents = new Map([1, 2, 5].map((no) => [no, randomEntries(300, no)]));
      for (const [no, entries] of contents) await add(no, entries);
      await add(3, randomEntries(300, 9));
      const terms = words('w1', 'w7', 'w30');
      expectSameHits(await reader.search(terms, 40, whole(5, 1, 2)), bruteForce(contents, terms, 40));
    });

    test('another collection neither shows nor weighs', async () => {
      await add(1, [entry(0, { apple: 1 }), entry(1, { pear: 1, plum: 1 })]);
      const before = await reader.search(words('apple'), 10, whole(1));
      await add(
        2,
        Array.from({ length: 500 }, (_, i) => entry(i, { apple: 2, cherry: 1 })),
      );
      expect(await reader.search(words('apple'), 10, whole(1))).toEqual(before);
      expect(await keys(['cherry'], whole(1))).toEqual([]);
    });

    test('a filter decides before ranking and before counting', async () => {
      const texts = randomEntries(6000, 4);
      await addInBatches(add, 1, texts);
      const documents = [
        { id: 'a', firstOrdinal: 10, chunkCount: 3 },
        { id: 'b', firstOrdinal: 4090, chunkCount: 20 },
        { id: 'c', firstOrdinal: 5000, chunkCount: 1 },
      ];
      const kept = texts.filter(({ ordinal }) =>
        documents.some((d) => ordinal >= d.firstOrdinal && ordinal < d.firstOrdinal + d.chunkCount),
      );
      const terms = words('w0', 'w1', 'w2', 'w9');
      const scope = { collections: [{ no: 1, generation: 0, documents }] };
      expectSameHits(await reader.search(terms, 10, scope), bruteForce(new Map([[1, kept]]), terms, 10));
    });

    test('a filter that keeps no document finds nothing', async () => {
      await add(1, [entry(0, { apple: 1 })]);
      expect(await keys(['apple'], { collections: [{ no: 1, generation: 0, documents: [] }] })).toEqual([]);
    });

    test('an empty scope, an unknown collection and an unknown word find nothing', async () => {
      await add(1, [entry(0, { apple: 1 })]);
      expect(await keys(['apple'], { collections: [] })).toEqual([]);
      expect(await keys(['apple'], whole(77))).toEqual([]);
      expect(await keys(['pear'], whole(1))).toEqual([]);
      expect(await keys([], whole(1))).toEqual([]);
    });

    test('the forms of one word count as one word', async () => {
      const texts = [
        entry(0, { haus: 1, garten: 4 }),
        entry(1, { hau: 2, garten: 1 }),
        entry(2, { haus: 1, hau: 1 }),
        entry(3, { garten: 9 }),
      ];
      await add(1, texts);
      const terms = [{ forms: ['haus', 'hau'] }];
      expectSameHits(await reader.search(terms, 10, whole(1)), bruteForce(new Map([[1, texts]]), terms, 10));
    });

    test('a word asked for twice weighs double', async () => {
      await add(1, randomEntries(100, 5));
      const once = await reader.search(words('w3'), 5, whole(1));
      const twice = await reader.search(words('w3', 'w3'), 5, whole(1));
      twice.forEach((hit, i) => {
        expect(hit.key).toBe(once[i]?.key);
        expect(hit.score).toBeCloseTo(2 * (once[i]?.score as number), 4);
      });
    });

    test('equal scores come in the order of their keys and k bounds the list', async () => {
      await add(
        2,
        Array.from({ length: 30 }, (_, i) => entry(i, { same: 1 })),
      );
      await add(
        1,
        Array.from({ length: 30 }, (_, i) => entry(i, { same: 1 })),
      );
      const expected = Array.from({ length: 35 }, (_, i) => (i < 30 ? chunkKey(1, i) : chunkKey(2, i - 30)));
      expect(await keys(['same'], whole(2, 1), 35)).toEqual(expected);
    });

    test('a second connection sees a transaction whole or not at all', async () => {
      await add(1, [entry(0, { apple: 1 })]);
      const other = index.openReader();
      await index.transaction(async (tx) => {
        await index.writer.add(tx, 1, [entry(1, { apple: 1 })]);
        expect((await other.search(words('apple'), 10, whole(1))).length).toBe(1);
      });
      expect((await other.search(words('apple'), 10, whole(1))).length).toBe(2);
      await other.close();
    });

    test('a transaction that fails leaves nothing behind', async () => {
      await expect(
        index.transaction(async (tx) => {
          await index.writer.add(tx, 1, [entry(0, { apple: 1 })]);
          throw new Error('power cut');
        }),
      ).rejects.toThrow('power cut');
      expect(await index.dump(1)).toEqual([]);
    });

    test('documents written side by side end as if written one after the other', async () => {
      const texts = randomEntries(5000, 6);
      const inOrder = [texts.slice(0, 40), texts.slice(40, 2000), texts.slice(2000, 4500), texts.slice(4500)];
      for (const batch of inOrder) await add(1, batch);
      for (const at of [3, 1, 0, 2]) await add(2, inOrder[at] as TextEntry[]);
      expect(await index.dump(2)).toEqual(await index.dump(1));
    });

    test('removal by its terms leaves what was there before', async () => {
      await add(1, randomEntries(4000, 7));
      const before = await index.dump(1);
      const document = Array.from({ length: 200 }, (_, i) =>
        entry(4000 + i, { [`only${i}`]: 1, w0: 2, w5: 1 }),
      );
      await add(1, document);
      await remove(1, 4000, 200, new Set(document.flatMap(({ terms }) => [...terms.keys()])));
      expect(await index.dump(1)).toEqual(before);
    });

    test('a removal in several steps is whole in the end, whatever is written in between', async () => {
      const texts = randomEntries(40, 12);
      const [before, between, removed] = [texts.slice(0, 5), texts.slice(5, 20), texts.slice(20)];
      const terms = [...new Set(removed.flatMap((e) => [...e.terms.keys()]))];
      await add(1, before);
      await add(1, removed);
      await remove(1, 20, 20, new Set(terms.filter((_, i) => i % 2 === 0)));
      expect((await keys(terms, whole(1), 40)).every((key) => key < chunkKey(1, 5))).toBe(true);
      await add(1, between);
      await remove(1, 20, 20, new Set(terms.filter((_, i) => i % 2 === 1)));
      await add(2, [...before, ...between]);
      expect(await index.dump(1)).toEqual(await index.dump(2));
    });

    test('removal by sweep leaves what was there before', async () => {
      const texts = randomEntries(4300, 8);
      const kept = texts.filter(({ ordinal }) => ordinal < 3000 || ordinal >= 4200);
      await addInBatches(add, 1, kept);
      await addInBatches(add, 2, texts);
      await remove(2, 3000, 1200);
      expect(await index.dump(2)).toEqual(await index.dump(1));
    });

    test('removing what is not there changes nothing', async () => {
      await add(1, randomEntries(20, 8));
      const before = await index.dump(1);
      await remove(1, 500, 10_000);
      await remove(1, 500, 10, new Set(['w0']));
      await remove(9, 0, 10);
      expect(await index.dump(1)).toEqual(before);
    });

    test('removing every document leaves nothing stored', async () => {
      const texts = randomEntries(4200, 9);
      await addInBatches(add, 1, texts);
      await remove(1, 0, 4150);
      await remove(1, 4150, 50, new Set(texts.slice(4150).flatMap(({ terms }) => [...terms.keys()])));
      expect(await index.dump(1)).toEqual([]);
    });

    test('removing a collection leaves the others', async () => {
      await add(1, randomEntries(100, 1));
      await add(2, randomEntries(100, 2));
      const before = await index.dump(2);
      await index.transaction((tx) => index.writer.removeCollection(tx, 1));
      expect(await index.dump(1)).toEqual([]);
      expect(await index.dump(2)).toEqual(before);
    });

    test('what a tombstone covers is neither found nor counted before the purge', async () => {
      const texts = randomEntries(5000, 10);
      await addInBatches(add, 1, texts);
      await index.tombstone(1, 0, 100);
      await index.tombstone(1, 4000, 500);
      await index.tombstone(2, 0, 5000);
      const left = texts.filter(({ ordinal }) => ordinal >= 100 && (ordinal < 4000 || ordinal >= 4500));
      const terms = words('w0', 'w2', 'w40');
      expectSameHits(await reader.search(terms, 60, whole(1)), bruteForce(new Map([[1, left]]), terms, 60));
    });

    test('very frequent words, very long chunks and empty chunks are counted', async () => {
      const texts = [
        entry(0, { many: 100_000, few: 1 }),
        entry(1, { many: 15, rest: 99_985 }),
        entry(2, { few: 1 }),
        { ordinal: 3, terms: new Map<string, number>(), length: 0 },
      ];
      await add(1, texts);
      const terms = words('many', 'few');
      expectSameHits(await reader.search(terms, 10, whole(1)), bruteForce(new Map([[1, texts]]), terms, 10));
    });

    test('terms of any script and form are kept apart', async () => {
      const terms = [
        '日本',
        '本語',
        'город',
        'مدرس',
        "o'brien",
        'err_conn-1042',
        '𝒳',
        '%',
        'a\u0301',
        'x'.repeat(64),
      ];
      await add(
        1,
        terms.map((term, i) => entry(i, { [term]: 1, common: 3 })),
      );
      for (const [i, term] of terms.entries()) expect(await keys([term], whole(1))).toEqual([chunkKey(1, i)]);
    });

    test('ordinals far up in their collection are found', async () => {
      const ordinals = [4095, 4096, 1_000_000, 2 ** 31 + 5, 2 ** 32 - 1];
      for (const ordinal of ordinals) await add(1_000_000, [entry(ordinal, { far: 1 })]);
      expect(await keys(['far'], whole(1_000_000))).toEqual(
        ordinals.map((ordinal) => chunkKey(1_000_000, ordinal)),
      );
    });

    test('searches of different sizes do not see each other', async () => {
      await addInBatches(add, 1, randomEntries(9000, 11));
      await add(2, [entry(5, { w0: 1 }), entry(9, { other: 2 })]);
      const small = await reader.search(words('w0', 'other'), 10, whole(2));
      await reader.search(words('w0', 'w1', 'w2'), 100, whole(1, 2));
      expect(await reader.search(words('w0', 'other'), 10, whole(2))).toEqual(small);
    });
  });
}

const words = (...terms: string[]): QueryTerm[] => terms.map((term) => ({ forms: [term] }));
const whole = (...numbers: number[]): SearchScope => ({
  collections: numbers.map((no): ScopeCollection => ({ no, generation: 0 })),
});

function entry(ordinal: number, terms: Record<string, number>): TextEntry {
  const counts = new Map(Object.entries(terms));
  return { ordinal, terms: counts, length: [...counts.values()].reduce((sum, n) => sum + n, 0) };
}

async function addInBatches(
  add: (collectionNo: number, entries: readonly TextEntry[]) => Promise<void>,
  collectionNo: number,
  entries: readonly TextEntry[],
): Promise<void> {
  for (let at = 0; at < entries.length; at += 900) await add(collectionNo, entries.slice(at, at + 900));
}

/** mulberry32: numbers in [0, 1), the same for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const zipfWord = (random: () => number): string => `w${Math.floor(400 ** random()) - 1}`;

function randomEntries(count: number, seed: number): TextEntry[] {
  const random = randomNumbers(seed);
  return Array.from({ length: count }, (_, ordinal) => {
    const terms: Record<string, number> = {};
    for (let left = 3 + Math.floor(random() * 20); left > 0; left--) {
      const word = zipfWord(random);
      terms[word] = (terms[word] ?? 0) + 1;
    }
    return entry(ordinal, terms);
  });
}

/** BM25 straight from its definition. */
function bruteForce(
  contents: ReadonlyMap<number, readonly TextEntry[]>,
  terms: readonly QueryTerm[],
  k: number,
) {
  const all = [...contents].flatMap(([no, entries]) =>
    entries
      .filter(({ length }) => length > 0)
      .map((e) => ({ key: chunkKey(no, e.ordinal), terms: e.terms, length: Math.min(e.length, 65_535) })),
  );
  const average = all.reduce((sum, { length }) => sum + length, 0) / all.length;
  const frequencyOf = (chunk: (typeof all)[number], { forms }: QueryTerm) =>
    Math.min(
      15,
      forms.reduce((sum, form) => sum + Math.min(15, chunk.terms.get(form) ?? 0), 0),
    );
  const idfs = terms.map((term) => {
    const df = all.filter((chunk) => frequencyOf(chunk, term) > 0).length;
    return Math.log(1 + (all.length - df + 0.5) / (df + 0.5));
  });
  return all
    .map((chunk) => {
      let score = 0;
      terms.forEach((term, i) => {
        const f = frequencyOf(chunk, term);
        score += ((idfs[i] as number) * f * 2.2) / (f + 1.2 * (0.3 + (0.7 * chunk.length) / average));
      });
      return { key: chunk.key, score };
    })
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.key - b.key)
    .slice(0, k);
}

/** Scores are sums of float32: neighbours whose scores differ by less than their rounding may change places. */
function expectSameHits(
  found: readonly { key: number; score: number }[],
  wanted: readonly { key: number; score: number }[],
) {
  expect(found.length).toBe(wanted.length);
  found.forEach((hit, i) => {
    const same = wanted[i] as { key: number; score: number };
    expect(hit.score).toBeCloseTo(same.score, 3);
    if (hit.key !== same.key) {
      const twin = wanted.find(({ key }) => key === hit.key);
      if (twin !== undefined) expect(twin.score).toBeCloseTo(hit.score, 3);
    }
  });
}
