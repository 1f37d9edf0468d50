import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AnsweringHouse, openAnsweringHouse } from '../../../test/support/answering-house.ts';
import { createFakeEmbedder, type FakeEmbedder } from '../../../test/support/fake-embedder.ts';
import { createManualClock, settle } from '../../../test/support/manual-clock.ts';
import { createScriptedModel, type ScriptedModel } from '../../../test/support/scripted-model.ts';
import { createAdmission } from '../admission/admission.ts';
import type { Admission } from '../ports/admission.ts';

let embedder: FakeEmbedder;
let model: ScriptedModel;
let admission: Admission;
let house: AnsweringHouse;
/** Questions that the embedder keeps waiting, by text. */
const held = new Map<string, () => void>();
let holding = false;
let everInFlight = 0;

beforeAll(async () => {
  const fake = createFakeEmbedder();
  embedder = {
    ...fake,
    async embed(texts, purpose, signal) {
      everInFlight = Math.max(everInFlight, admission.figures().inFlight);
      if (holding && purpose === 'query')
        await new Promise<void>((resolve) => held.set(texts[0] as string, resolve));
      return fake.embed(texts, purpose, signal);
    },
  };
  model = createScriptedModel();
  house = await openAnsweringHouse(embedder, {
    model,
    enter: (userId, signal) => admission.enter(userId, signal),
  });
});
afterAll(() => house.close());
beforeEach(() => {
  admission?.close();
  admission = createAdmission({ clock: createManualClock() });
  holding = false;
  everInFlight = 0;
});
const release = () => {
  holding = false;
  for (const go of held.values()) go();
  held.clear();
};
const TEXT = 'The lighthouse of Veldran was built in 1823 by the engineer Ottilie Marsh.';

test('no more searches are worked out at a time than there are places, and all of them in the end', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': TEXT });
  const { limit } = admission.figures();
  holding = true;
  const searches = Array.from({ length: 3 * limit }, (_, i) => house.search(userId, `lighthouse ${i}`));
  while (held.size < limit) await settle();
  await settle();
  expect(held.size).toBe(limit);
  expect(admission.figures()).toMatchObject({ inFlight: limit, queued: 2 * limit });
  release();
  const results = await Promise.all(searches);
  expect(results.filter(({ hits }) => hits.length === 1)).toHaveLength(3 * limit);
  expect(everInFlight).toBe(limit);
  expect(admission.figures()).toMatchObject({ inFlight: 0, queued: 0, shed: { queue: 0 } });
});

test("another user's search is served beside a flood, and what is kept needs no place", async () => {
  const flood = await house.userWith({ 'lighthouse.txt': TEXT });
  const quiet = await house.userWith({ 'lighthouse.txt': TEXT });
  await house.search(quiet.userId, 'kept question');
  const { limit } = admission.figures();
  holding = true;
  const flooding = Array.from({ length: limit + 600 }, (_, i) =>
    house.search(flood.userId, `flood ${i}`).then(
      () => 'served',
      (error: unknown) => (error as { code: string }).code,
    ),
  );
  while (admission.figures().queued < 500) await settle();
  expect(await house.search(quiet.userId, 'kept question')).toMatchObject({ cached: true });
  const asked = house.search(quiet.userId, 'another question');
  while (held.size < limit) await settle();
  // the first place that is given back is the flood's by turn, the second the other user's
  for (const go of [...held.values()].slice(0, 2)) go();
  while (!held.has('another question')) await settle();
  release();
  expect((await asked).hits).toHaveLength(1);
  const outcomes = await Promise.all(flooding);
  expect(outcomes.filter((outcome) => outcome === 'OVERLOADED')).toHaveLength(101);
  expect(outcomes.filter((outcome) => outcome === 'served')).toHaveLength(limit + 499);
});

test('a question whose asker goes while it waits is never worked out', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': TEXT });
  const { limit } = admission.figures();
  holding = true;
  const first = Array.from({ length: limit }, (_, i) => house.search(userId, `first ${i}`));
  while (held.size < limit) await settle();
  const gone = new AbortController();
  const late = house.search(userId, 'late', {}, gone.signal);
  while (admission.figures().queued < 1) await settle();
  gone.abort();
  await expect(late).rejects.toMatchObject({ name: 'AbortError' });
  const before = house.calls.embeds;
  release();
  await Promise.all(first);
  expect(house.calls.embeds).toBe(before);
  expect(admission.figures()).toMatchObject({ inFlight: 0, queued: 0 });
});

test('who waits for the language model holds no place', async () => {
  const { userId } = await house.userWith({ 'lighthouse.txt': TEXT });
  const inFlight: number[] = [];
  model.reply = () => {
    inFlight.push(admission.figures().inFlight);
    return ['The lighthouse was built in 1823 by Ottilie Marsh [1].'];
  };
  await house.ask(userId, 'Who built the lighthouse?');
  expect(inFlight).toEqual([0]);
  expect(everInFlight).toBe(1);
});
