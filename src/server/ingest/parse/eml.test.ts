import { expect, test } from 'vitest';
import { outline, parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ';

const read = async (lines: readonly (string | Buffer)[], name = 'a.eml') =>
  outline(
    await parseBytes(name, Buffer.concat(lines.flatMap((line) => [Buffer.from(line), Buffer.from('\r\n')]))),
  );

const part = (type: string, body: string | Buffer, ...fields: readonly string[]) => [
  `Content-Type: ${type}`,
  ...fields,
  '',
  body,
];

/** A body of parts, each between its boundary. */
const multipart = (kind: string, boundary: string, ...parts: readonly (readonly (string | Buffer)[])[]) => [
  `Content-Type: multipart/${kind}; boundary=${boundary}`,
  '',
  ...parts.flatMap((lines) => [`--${boundary}`, ...lines]),
  `--${boundary}--`,
];

const HEAD = ['From: Ann <ann@x.example>', 'Subject: Hello', 'Date: Mon, 1 Jan 2024 10:00:00 +0000'];
const FIELDS = 'paragraph: From: Ann <ann@x.example>\nDate: 2024-01-01T10:00:00.000Z';

test('of alternatives in parts of parts the plain one is read, in its own charset', async () => {
  expect(
    await read([
      ...HEAD,
      'MIME-Version: 1.0',
      ...multipart(
        'mixed',
        'outer',
        multipart(
          'alternative',
          'inner',
          part(
            'text/plain; charset=koi8-r',
            '=F0=D2=C9=D7=C5=D4=\r\n!',
            'Content-Transfer-Encoding: quoted-printable',
          ),
          part('text/html; charset=utf-8', '<p>never</p>'),
        ),
      ),
    ]),
  ).toEqual([['h1: Hello', FIELDS, 'paragraph: Привет!']]);
});

test('pictures and styles of an HTML text are not attachments', async () => {
  expect(
    await read([
      ...HEAD,
      'MIME-Version: 1.0',
      ...multipart(
        'related',
        'r',
        part(
          'text/html; charset=windows-1252',
          Buffer.concat([Buffer.from('<h2>Caf'), Buffer.of(0xe9), Buffer.from('</h2><img src="cid:1">')]),
          'Content-Transfer-Encoding: 8bit',
        ),
        part('image/png; name="logo.png"', PNG, 'Content-ID: <1>', 'Content-Transfer-Encoding: base64'),
        part('text/css', 'p { color: red }', 'Content-Location: style.css'),
      ),
    ]),
  ).toEqual([['h1: Hello', FIELDS, 'h2: Café']]);
});

test('an attached mail is read with its attachments', async () => {
  const inner = [
    'From: Bob <bob@x.example>',
    'Subject: Inner',
    'Date: Mon, 1 Jan 2024 10:00:00 +0000',
    'MIME-Version: 1.0',
    ...multipart(
      'mixed',
      'i',
      part('text/plain', 'inner text'),
      part('text/csv; name="l.csv"', 'a,b\r\n1,2', 'Content-Disposition: attachment; filename="l.csv"'),
    ),
  ];
  expect(
    await read([
      ...HEAD,
      'MIME-Version: 1.0',
      ...multipart('mixed', 'o', part('text/plain', 'outer text'), [
        'Content-Type: message/rfc822',
        '',
        ...inner,
      ]),
    ]),
  ).toEqual([
    ['h1: Hello', FIELDS, 'paragraph: outer text'],
    [
      'h1: message.eml',
      'h1: Inner',
      'paragraph: From: Bob <bob@x.example>\nDate: 2024-01-01T10:00:00.000Z',
      'paragraph: inner text',
    ],
    ['h1: l.csv', 'table: a | b\n1 | 2'],
  ]);
});

test('receivers in groups are named one by one, and a group without members by its name', async () => {
  const mail = (to: string) => read(['From: a@x.example', `To: ${to}`, 'Date: x', 'Subject: S', '', 'text']);
  expect((await mail('Team: Cy <cy@x.example>, d@x.example;'))[0]?.[1]).toContain(
    '\nTo: Cy <cy@x.example>, d@x.example\n',
  );
  expect((await mail('undisclosed-recipients:;'))[0]?.[1]).toContain('\nTo: undisclosed-recipients\n');
});
