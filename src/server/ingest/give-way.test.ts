import { expect, test } from 'vitest';
import { giveWayTo, newPressure, setPressure } from './give-way.ts';

test('a step rests while there is pressure, and goes on as soon as it ends', async () => {
  const pressure = newPressure();
  const giveWay = giveWayTo(pressure);
  await giveWay(1e9);
  setPressure(pressure, true);
  let rested = false;
  // the most that it may rest is a second: what ends it here is the end of the pressure
  const resting = giveWay(1e9).then(() => {
    rested = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(rested).toBe(false);
  setPressure(pressure, false);
  await resting;
});

test('work goes on though the pressure lasts', async () => {
  const pressure = newPressure();
  setPressure(pressure, true);
  for (let step = 0; step < 5; step++) await giveWayTo(pressure)(1);
  expect(Atomics.load(pressure, 0)).toBe(1);
});
