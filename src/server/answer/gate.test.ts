import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AnsweringHouse, openAnsweringHouse } from '../../../test/support/answering-house.ts';
import { createBundledEmbedder } from '../drivers/embedder/bundled.ts';
import { modelDir } from '../version.ts';

/** With the model that the gate was learned for. */
let house: AnsweringHouse;
beforeAll(async () => {
  house = await openAnsweringHouse(createBundledEmbedder({ modelDir }));
});
afterAll(() => house.close());

const HANDBOOK = `# Staff handbook of the Corvina library

## Leave

Full-time staff receive twenty-six days of paid leave a year. Requests go to the head of the department at least two weeks ahead. Unused days expire at the end of March.

## Expenses

Train tickets in second class are refunded in full. For a car of one's own the library pays 38 cents a kilometre. Receipts must be handed in within six weeks.

## Opening hours

The reading room opens at nine on weekdays and at eleven on Saturdays. It is closed on Sundays.

## Passwords

Passwords are changed every ninety days and are never shared with colleagues.`;

const ROCKET = `The Halcyon-2 rocket is 54 metres high and burns liquid methane with liquid oxygen. Its first stage lands on a ship two hundred kilometres from the coast. The first flight failed after ninety seconds because a valve froze.`;

const DEUTSCH = `Die Weinkellerei Haldenbach liegt oberhalb des Flusses Sarn. Der Keller wurde 1764 von der Müllerin Adelheid Trost angelegt. Jedes Jahr im Oktober keltern dort zwölf Familien ihren Riesling. Ein Brand zerstörte 1902 das alte Presshaus.`;

const РУССКИЙ = `Маяк на острове Ветряном построил инженер Глеб Осокин в 1891 году. Высота башни составляет тридцать два метра. Зимой смотритель живёт на острове один и кормит чаек.`;

const 日本語 = `霧ヶ沢の時計塔は1928年に大工の三枝源蔵が建てた。塔の高さは二十四メートルである。毎年十一月に町の人々が鐘を磨く祭りが開かれる。`;

const ANSWERED: Record<string, [question: string, says: string][]> = {
  [HANDBOOK]: [
    ['How many days of paid leave do staff get?', 'twenty-six days'],
    ['When does the reading room open on Saturdays?', 'eleven on Saturdays'],
    ['How much does the library pay per kilometre for using your own car?', '38 cents'],
    ['Can I share my password with a colleague?', 'never shared'],
    ['paid leave days', 'twenty-six days'],
    ['receipts deadline', 'within six weeks'],
  ],
  [ROCKET]: [
    ['What fuel does the Halcyon-2 burn?', 'liquid methane'],
    ['Why did the first flight fail?', 'a valve froze'],
    ['How tall is the rocket?', '54 metres'],
  ],
  [DEUTSCH]: [
    ['Wer hat den Keller der Weinkellerei Haldenbach angelegt?', 'Adelheid Trost'],
    ['Was zerstörte das alte Presshaus?', 'Brand'],
  ],
  [РУССКИЙ]: [
    ['Кто построил маяк на острове Ветряном?', 'Глеб Осокин'],
    ['Какова высота башни?', 'тридцать два метра'],
  ],
  [日本語]: [
    ['霧ヶ沢の時計塔は誰が建てたか。', '三枝源蔵'],
    ['塔の高さは何メートルか。', '二十四メートル'],
  ],
};

const REFUSED: Record<string, string[]> = {
  [HANDBOOK]: [
    'What is the capital of Mongolia?',
    'How deep is the Mariana trench?',
    'Which enzyme breaks down lactose?',
    'Who won the chess world championship in 1972?',
    // near, but of somebody who does not stand there
    'When did Napoleon visit the Corvina library?',
    'How many days of leave do staff of the Boston office get?',
  ],
  [ROCKET]: ['How long should bread dough rise?', 'What causes inflation?', 'Who wrote Don Quixote?'],
  [DEUTSCH]: [
    'Welche Programmiersprache eignet sich für Mikrocontroller?',
    'Wie hoch ist die Mehrwertsteuer in Portugal?',
  ],
  [РУССКИЙ]: ['Какая столица у Португалии?', 'Сколько хромосом у человека?'],
  [日本語]: ['ポルトガルの首都はどこですか。', '光合成とは何ですか。'],
};

const names = new Map([
  [HANDBOOK, 'a handbook'],
  [ROCKET, 'a few sentences'],
  [DEUTSCH, 'German'],
  [РУССКИЙ, 'Russian'],
  [日本語, 'Japanese'],
]);

describe.each([
  ['alone', (text: string) => [text]],
  ['among others', () => [...names.keys()]],
])('%s', (_, documentsBeside) => {
  test.each([...names].map(([text, name]) => ({ name, text })))(
    '$name: what the document says is answered, and nothing else',
    async ({ text }) => {
      const documents = Object.fromEntries(documentsBeside(text).map((each, i) => [`${i}.txt`, each]));
      const { userId } = await house.userWith(documents);
      for (const [question, says] of ANSWERED[text] ?? []) {
        const { answered, answer } = await house.ask(userId, question);
        expect({ question, answered }).toEqual({ question, answered: true });
        expect(answer).toContain(says);
      }
      for (const question of REFUSED[text] ?? []) {
        const { answered, citations } = await house.ask(userId, question);
        expect({ question, answered, citations }).toEqual({ question, answered: false, citations: [] });
      }
    },
  );
});
