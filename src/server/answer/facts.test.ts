import { expect, test } from 'vitest';
import { factsOf } from './facts.ts';

test.each([
  ['It cost 1,000 in 1823.', ['1000', '1823']],
  ['Es kostete 1.000,50 am 03.05.1823.', ['1000.5', '3', '5', '1823']],
  ['The 10th of seven, at 3.50%', ['10', '3.5', '7']],
  ['٣ كتب', ['3']],
])('numbers of %j', (text, numbers) => {
  expect([...factsOf(text, 'und').numbers].sort()).toEqual([...numbers].sort());
});

test('names are words with a capital inside sentences, and codes', () => {
  const { names, openings } = factsOf('Employees of Marlow met Ottilie Marsh. Part X-15b broke.', 'en');
  expect(names).toEqual(expect.arrayContaining(['Marlow', 'Ottilie', 'Marsh', 'X-15b']));
  expect(names).not.toContain('Employees');
  expect(openings).toContain('Employees');
});

test.each([
  ["It doesn't burn.", 'en', true],
  ['It burns nothing.', 'en', true],
  ['Er hat keine Lampe.', 'de', true],
  ['灯没有亮。', 'zh', true],
  ['It burns notably.', 'en', false],
])('%s denies: %s, %s', (text, language, negated) => {
  expect(factsOf(text, language).negations > 0).toBe(negated);
});
