import { expect, test } from 'vitest';
import { filePass, makeCompoundFile, makeXls } from '../../../../test/fixtures/parse/make-legacy-office.ts';
import {
  makeDocx,
  makeEpub,
  makeOpenDocument,
  makeXlsx,
  makeZip,
  paragraph,
  XML,
} from '../../../../test/fixtures/parse/make-package.ts';
import { column, makePdf } from '../../../../test/fixtures/parse/make-pdf.ts';
import { parseBytes } from '../../../../test/fixtures/parse/parse-bytes.ts';

const refused = async (name: string, bytes: Buffer | string, code: string) => {
  const error = await parseBytes(name, bytes).catch((fault: unknown) => fault);
  expect(error).toMatchObject({ name: 'AppError', code });
  // a sentence about the file and one about what to do
  expect((error as Error).message).toMatch(/^[A-Z].+\. [A-Z].+\.$/s);
};

const pdf = makePdf([{ texts: column(72, 700, ['Some words on a page.']) }]);

test('a part that unpacks to far more than its size is refused before it is unpacked', async () => {
  const bomb = Buffer.alloc(100 * 1024 * 1024, 'a');
  await refused('a.docx', makeZip({ 'word/document.xml': bomb }), 'FILE_TOO_COMPLEX');
  await refused(
    'a.xlsx',
    makeXlsx({ One: '<row><c><v>1</v></c></row>' }, { 'xl/sharedStrings.xml': bomb.toString('latin1') }),
    'FILE_TOO_COMPLEX',
  );
});

test('more parts than any document has are refused', async () => {
  const parts = Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`word/${i}.xml`, '']));
  await refused('a.docx', makeZip(parts), 'FILE_TOO_COMPLEX');
});

test('entities that a document defines itself are refused, however harmless', async () => {
  const laughs = '<!DOCTYPE r [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>';
  const body = XML.replace('?>', '?>') + laughs;
  const document = (text: string) =>
    `${body}<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:body></w:document>`;
  await refused('a.docx', makeDocx('', { 'word/document.xml': document('ha &b; ha') }), 'FILE_TOO_COMPLEX');
});

test('entities that lie outside the document are nothing', async () => {
  const outside =
    '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY % y SYSTEM "http://127.0.0.1:9/x">]>';
  const part = `${XML}${outside}<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>before &x; after</w:t></w:r></w:p></w:body></w:document>`;
  const document = await parseBytes('a.docx', makeDocx('', { 'word/document.xml': part }));
  expect(document.pages[0]!.text).toBe('before after');
});

test('what is protected by a password says so', async () => {
  await refused(
    'a.docx',
    makeCompoundFile({ EncryptedPackage: Buffer.alloc(10), EncryptionInfo: Buffer.alloc(10) }),
    'FILE_ENCRYPTED',
  );
  await refused('a.xls', makeXls('S', [['x', 1]], [filePass]), 'FILE_ENCRYPTED');
  await refused(
    'a.odt',
    makeOpenDocument('text', '', '<file-entry><encryption-data/></file-entry>'),
    'FILE_ENCRYPTED',
  );
  const zip = makeDocx(paragraph('x'));
  // bit 0 of the flags, in the local header and in the directory
  for (let at = zip.indexOf('PK\x01\x02'); at !== -1; at = zip.indexOf('PK\x01\x02', at + 1))
    zip[at + 8]! |= 1;
  await refused('a.docx', zip, 'FILE_ENCRYPTED');
  const locked = makePdf([{ texts: column(72, 700, ['x']) }], {
    trailer: `/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <${'00'.repeat(32)}> /U <${'11'.repeat(32)}> >> /ID [<00> <00>]`,
  });
  await refused('a.pdf', locked, 'FILE_ENCRYPTED');
});

test('a file that was cut off or damaged on its way says so', async () => {
  const docx = makeDocx(paragraph('words '.repeat(2000)));
  await refused('a.docx', docx.subarray(0, docx.length / 2), 'FILE_BROKEN');
  const flipped = Buffer.from(docx);
  flipped[docx.indexOf('word/document.xml') + 60]! ^= 0xff;
  await refused('a.docx', flipped, 'FILE_BROKEN');
  await refused('a.pdf', '%PDF-1.7\n', 'FILE_BROKEN');
  await refused('a.doc', makeCompoundFile({ WordDocument: Buffer.alloc(5000) }), 'FILE_BROKEN');
  await refused('a.epub', makeZip({ mimetype: 'application/epub+zip' }), 'FILE_BROKEN');
});

test('nothing at all, and nothing but blanks, is empty', async () => {
  await refused('a.pdf', '', 'FILE_EMPTY');
  await refused('a.txt', ' \n\t\n', 'FILE_EMPTY');
  await refused('a.txt', Buffer.of(0xef, 0xbb, 0xbf), 'FILE_EMPTY');
  await refused('a.docx', makeDocx('<w:p/>'), 'FILE_EMPTY');
  await refused('a.epub', makeEpub(['<img src="x"/>']), 'FILE_EMPTY');
});

test('programs, archives, sound and noise are not supported; pictures need OCR', async () => {
  const noise = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 7919 + ((i * i) >> 3)) & 0xff));
  await refused('a.txt', Buffer.concat([Buffer.from('MZ\x90\0\x03\0\0\0'), noise]), 'UNSUPPORTED_FORMAT');
  await refused('a.txt', noise, 'UNSUPPORTED_FORMAT');
  await refused('a.zip', makeZip({ 'a.txt': 'text' }), 'UNSUPPORTED_FORMAT');
  await refused('a.mp3', Buffer.concat([Buffer.from('ID3\x03\0\0\0\0'), noise]), 'UNSUPPORTED_FORMAT');
  await refused(
    'a.svg',
    '<svg xmlns="http://www.w3.org/2000/svg"><text>x</text></svg>',
    'UNSUPPORTED_FORMAT',
  );
  await refused(
    'a.pdf',
    Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'), noise]),
    'NEEDS_OCR',
  );
});

test('a text that poses as a document is refused; a document under another name is read', async () => {
  await refused('report.pdf', '<!doctype html><html><body>Please sign in</body></html>', 'FILE_BROKEN');
  await refused('a.xlsx', makeDocx(paragraph('x')), 'FILE_BROKEN');
  expect((await parseBytes('a.docx', pdf)).mimeType).toBe('application/pdf');
  expect((await parseBytes('a.pdf', makeDocx(paragraph('x y')))).pages[0]!.text).toBe('x y');
  // foreign bytes before the mark, and an archive behind the file
  expect((await parseBytes('a.pdf', Buffer.concat([Buffer.from('<!--'), pdf]))).mimeType).toBe(
    'application/pdf',
  );
  expect((await parseBytes('a.pdf', Buffer.concat([pdf, makeZip({ x: 'y' })]))).mimeType).toBe(
    'application/pdf',
  );
});

test('names in an archive that lead out of it lead nowhere', async () => {
  const document = await parseBytes(
    'a.docx',
    makeDocx(paragraph('still here'), { '../../../../tmp/out.txt': 'x', '/etc/out': 'x' }),
  );
  expect(document.pages[0]!.text).toBe('still here');
});

test('nesting without end ends', async () => {
  const deep = 100_000;
  expect(
    (await parseBytes('a.html', `${'<div>'.repeat(deep)}inside${'</div>'.repeat(deep)}`)).pages[0]!.text,
  ).toBe('inside');
  expect(
    (await parseBytes('a.json', `${'['.repeat(deep)}"inside"${']'.repeat(deep)}`)).pages[0]!.text,
  ).toContain('inside');
  expect(
    (
      await parseBytes(
        'a.docx',
        makeDocx(`${'<w:sdt>'.repeat(deep)}${paragraph('inside')}${'</w:sdt>'.repeat(deep)}`),
      )
    ).pages[0]!.text,
  ).toBe('inside');
  await refused('a.rtf', `{\\rtf1${'{'.repeat(deep)}x`, 'FILE_TOO_COMPLEX');
  await refused('a.pdf', pdf.toString('latin1').replace(/\/Kids \[[^\]]*\]/, '/Kids [2 0 R]'), 'FILE_BROKEN');
});

test('lines without end and marks without number take one look each', async () => {
  const long = 'x'.repeat(2_000_000);
  expect((await parseBytes('a.txt', long)).pages[0]!.text).toBe(long);
  for (const marks of ['*a', '[', '![](', '`', '_a_', '<a ', '<!--', '|', '~~', '\\']) {
    expect((await parseBytes('a.md', `start ${marks.repeat(100_000)} end`)).pages[0]!.text).toMatch(
      /^start[\s\S]*end$/,
    );
  }
  expect((await parseBytes('a.csv', `a,b\n${'"'.repeat(300_000)}\n1,2`)).pages[0]!.text).toContain('1 | 2');
  expect((await parseBytes('a.html', `<p>start</p>${'<'.repeat(300_000)}`)).pages[0]!.text).toContain(
    'start',
  );
});

test('circles in old office files end', async () => {
  const file = makeXls('S', [['x', 1]]);
  // every sector of the directory is followed by itself
  file.writeUInt32LE(1, 512 + 4);
  const outcome = await parseBytes('a.xls', file).catch((error: unknown) => error);
  expect(outcome).toBeDefined();
});

test('wide tables keep their columns', async () => {
  const row = Array.from({ length: 16_000 }, (_, i) => `c${i}`);
  const document = await parseBytes('a.csv', `${row.join(',')}\n${row.join(',')}`);
  expect(document.pages[0]!.text.split('\n')[1]?.split(' | ')).toEqual(row);
});
