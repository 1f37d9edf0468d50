import { expect, test } from 'vitest';
import { dependenceOf, resolveByRules } from './follow-up.ts';

test.each<[string, ReturnType<typeof dependenceOf>]>([
  ['Who built the lighthouse of Veldran?', 'standalone'],
  ['How many days of leave do new employees have each year?', 'standalone'],
  ['When was it built?', 'dependent'],
  ['Why?', 'dependent'],
  ['And the oven?', 'dependent'],
  ['What about Tuesdays?', 'dependent'],
  ['What did Ottilie Marsh build before it?', 'unsure'],
  ['Opening hours?', 'unsure'],
  ['Wann wurde er gebaut?', 'dependent'],
  ['Wer hat den Leuchtturm von Veldran gebaut?', 'standalone'],
  ['¿Cuándo murió ella?', 'dependent'],
  ['Когда он был построен?', 'dependent'],
  ['它是什么时候建的？', 'dependent'],
])('%s is %s', (question, dependence) => {
  expect(dependenceOf(question)).toBe(dependence);
});

test.each([
  [
    'When was it built?',
    ['Who built the lighthouse of Veldran?'],
    'When was the lighthouse of Veldran built?',
  ],
  ['Where did he live?', ['What did Marlow bake?', 'And when?'], 'Where did Marlow live?'],
  ['And why?', ['Who built the lighthouse of Veldran?'], 'And why (the lighthouse of Veldran)?'],
  [
    'Why is this so?',
    ['how many steps are climbed every evening?'],
    'Why is this so (many steps climbed every evening)?',
  ],
])('%j takes the subject of %j', (question, previous, standalone) => {
  expect(resolveByRules(question, previous)).toBe(standalone);
});

test('nothing is put in where nothing was asked before, or where it stands already', () => {
  expect(resolveByRules('When was it built?', [])).toBeUndefined();
  expect(resolveByRules('Is it Marlow?', ['Who is Marlow?'])).toBeUndefined();
});
