import { expect, onTestFinished, test } from 'vitest';
import { createManualClock, settle } from '../../../test/support/manual-clock.ts';
import { createAdmission } from './admission.ts';

const never = new AbortController().signal;

function openAdmission() {
  const clock = createManualClock();
  const busy: boolean[] = [];
  const admission = createAdmission({ clock, onBusy: (now) => busy.push(now) });
  onTestFinished(() => admission.close());
  const served: string[] = [];
  const refused: string[] = [];
  const leaving: (() => void)[] = [];
  const enter = (userId: string, signal = never) =>
    void admission.enter(userId, signal).then(
      (leave) => {
        served.push(userId);
        leaving.push(leave);
      },
      (error: unknown) => refused.push(`${userId}: ${(error as { code: string }).code}`),
    );
  /** The main thread does nothing else for so long. */
  const block = (ms: number) => clock.passBlocked(ms);
  return { clock, admission, served, refused, leaving, enter, busy, block };
}

test("one user's flood takes the free places and then takes turns with another who asks once", async () => {
  const { admission, served, leaving, enter } = openAdmission();
  const { limit } = admission.figures();
  for (let i = 0; i < limit + 200; i++) enter('flood');
  enter('quiet');
  await settle();
  expect(admission.figures()).toMatchObject({ inFlight: limit, queued: 201 });
  leaving[0]?.();
  leaving[1]?.();
  await settle();
  expect(served.slice(limit)).toEqual(['flood', 'quiet']);
});

test('when the line is full, whoever fills it makes room for others and is refused more', async () => {
  const { admission, refused, enter } = openAdmission();
  const { limit } = admission.figures();
  for (let i = 0; i < limit + 600; i++) enter('flood');
  for (let i = 0; i < 20; i++) enter('quiet');
  await settle();
  expect(admission.figures().queued).toBe(500);
  expect(new Set(refused)).toEqual(new Set(['flood: OVERLOADED']));
  expect(refused).toHaveLength(120);
  expect(admission.figures().shed).toEqual({ queue: 120, behind: 0 });
});

test('who would wait too long is told so, and who has given up waits no more', async () => {
  const { clock, admission, refused, served, enter } = openAdmission();
  const { limit } = admission.figures();
  for (let i = 0; i < limit; i++) enter('first');
  const stop = new AbortController();
  enter('gone', stop.signal);
  enter('patient');
  stop.abort(Object.assign(new Error('gone'), { code: 'GONE' }));
  await clock.pass(1000);
  expect(admission.figures().queued).toBe(1);
  await clock.pass(1000);
  expect(refused).toEqual(['gone: GONE', 'patient: OVERLOADED']);
  expect(served).toHaveLength(limit);
});

test('the limit follows how long the work takes, and more places go to those who wait', async () => {
  const { clock, admission, served, leaving, enter } = openAdmission();
  const { limit } = admission.figures();
  for (let i = 0; i < 3 * limit; i++) enter('a');
  await clock.pass(20);
  for (const leave of leaving.splice(0)) leave();
  await clock.pass(80);
  // the second load of places is taken, and one place more
  expect(admission.figures()).toMatchObject({ limit: limit + 1, inFlight: limit + 1 });
  expect(served).toHaveLength(2 * limit + 1);
  await clock.pass(400);
  for (const leave of leaving.splice(0)) leave();
  await clock.pass(100);
  expect(admission.figures().limit).toBe(Math.floor((limit + 1) * 0.8));
});

test('documents give way while people wait, and go on a while after the last of them', async () => {
  const { clock, admission, leaving, enter, busy } = openAdmission();
  await clock.pass(1000);
  expect(busy).toEqual([]);
  const { limit } = admission.figures();
  for (let i = 0; i <= limit; i++) enter('a');
  await clock.pass(100);
  expect(busy).toEqual([true]);
  expect(admission.figures().busy).toBe(true);
  for (const leave of leaving) leave();
  await clock.pass(400);
  expect(busy).toEqual([true]);
  await clock.pass(200);
  expect(busy).toEqual([true, false]);
});

test('a main thread that stays far behind refuses what comes; once is a pause of the machine', async () => {
  const { clock, admission, block } = openAdmission();
  admission.pass();
  await block(5000);
  admission.pass();
  for (let i = 0; i < 3; i++) await block(1500);
  expect(() => admission.pass()).toThrow(
    expect.objectContaining({ code: 'OVERLOADED', retryAfterSeconds: 2 }),
  );
  expect(admission.figures().shed).toEqual({ queue: 0, behind: 1 });
  await clock.pass(100);
  admission.pass();
});

test('a late main thread makes documents give way to searches, and to nothing else', async () => {
  const { admission, busy, block, enter } = openAdmission();
  for (let i = 0; i < 2; i++) {
    admission.pass();
    await block(500);
  }
  expect(busy).toEqual([]);
  enter('a');
  await block(500);
  expect(busy).toEqual([true]);
});
