import { Readable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { readMultipart } from './multipart.ts';

const TYPE = 'multipart/form-data; boundary=XX';
const form = (...parts: string[]) => `${parts.map((part) => `--XX\r\n${part}`).join('\r\n')}\r\n--XX--\r\n`;
const file = (content: string, filename = 'a.txt', name = 'file') =>
  `Content-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: text/plain\r\n\r\n${content}`;
const field = (name: string, value: string) =>
  `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
const inChunks = (body: Buffer, size: number) =>
  Readable.from(
    (function* () {
      for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
    })(),
    { objectMode: false, highWaterMark: size },
  );

async function read(body: string | Buffer, { size = 1 << 16, type = TYPE } = {}) {
  const parts: object[] = [];
  for await (const part of readMultipart(inChunks(Buffer.from(body as string), size), type)) {
    if (part.kind === 'field') parts.push({ [part.name]: part.value });
    else
      parts.push({ [part.name]: await text(part.content), filename: part.filename, mimeType: part.mimeType });
  }
  return parts;
}

test.each([1, 2, 3, 7, 64, 100_000])('a form is read the same in chunks of %i bytes', async (size) => {
  const body = form(
    field('title', 'Ein Titel'),
    file('line\r\n--X\r\n-- not the end\r\n'),
    field('tags', ''),
    file('', 'b'),
  );
  expect(await read(body, { size })).toEqual([
    { title: 'Ein Titel' },
    { file: 'line\r\n--X\r\n-- not the end\r\n', filename: 'a.txt', mimeType: 'text/plain' },
    { tags: '' },
    { file: '', filename: 'b', mimeType: 'text/plain' },
  ]);
});

test('binary content comes through unchanged, wherever the chunks are cut', async () => {
  const content = Buffer.alloc(300_000, 'a\r\n--X\r\n--XY\0\xff', 'latin1');
  const body = Buffer.concat([Buffer.from(`--XX\r\n${file('')}`), content, Buffer.from('\r\n--XX--')]);
  for (const size of [997, 65_536]) {
    for await (const part of readMultipart(inChunks(body, size), TYPE)) {
      expect(part.kind === 'file' && (await buffer(part.content)).equals(content)).toBe(true);
    }
  }
});

test.each([
  ['a.txt', 'a.txt'],
  ['', ''],
  ['名前.pdf', '名前.pdf'],
  ['a%22b%0D%0Ac.txt', 'a"b\r\nc.txt'],
  ['say \\"hi\\".txt', 'say "hi".txt'],
  ['C:\\dir\\a.txt', 'C:\\dir\\a.txt'],
  ['semi;colon=1.txt', 'semi;colon=1.txt'],
  ['100%.txt', '100%.txt'],
  ['nul\0.txt', 'nul\0.txt'],
])('the file name %j is read as %j', async (sent, name) => {
  expect(await read(form(file('x', sent)))).toMatchObject([{ filename: name }]);
});

test('a file name in RFC 8187 form wins over the plain one', async () => {
  const part = `content-disposition: form-data; name=file; filename="_.txt"; filename*=UTF-8''%E5%90%8D.txt\r\n\r\nx`;
  expect(await read(form(part))).toMatchObject([{ file: 'x', filename: '名.txt' }]);
});

test('a raw line break in a file name costs the name, not the upload', async () => {
  expect(await read(form(file('x', 'a\r\nb.txt')))).toMatchObject([{ file: 'x', filename: 'a' }]);
});

test('a Latin-1 file name is read as Latin-1', async () => {
  const body = Buffer.from(form(file('x', 'Caf\xe9.txt')), 'latin1');
  expect(await read(body)).toMatchObject([{ filename: 'Café.txt' }]);
});

test('what stands before the first and after the last part is skipped', async () => {
  expect(await read(`preamble\r\n${form(field('a', '1'))}epilogue`)).toEqual([{ a: '1' }]);
});

test('content that nobody reads is skipped', async () => {
  const names: string[] = [];
  const body = Buffer.from(
    form(
      file('x'.repeat(500_000), 'left'),
      file('z'.repeat(500_000), 'ignored'),
      file('y', 'second'),
      field('last', '1'),
    ),
  );
  for await (const part of readMultipart(inChunks(body, 1000), TYPE)) {
    if (part.kind === 'file' && part.filename === 'left') {
      for await (const _ of part.content) break;
    }
    names.push(part.kind === 'file' ? part.filename : part.name);
  }
  expect(names).toEqual(['left', 'ignored', 'second', 'last']);
});

test('a form that ends early is malformed, in its content and in the reader of the file', async () => {
  const whole = form(field('a', '1'), file('content'));
  for (const length of [0, 3, 30, 60, whole.length - 20]) {
    await expect(read(whole.slice(0, length)), `cut at ${length}`).rejects.toMatchObject({
      code: 'MALFORMED_BODY',
    });
  }
});

test.each(['application/json', 'multipart/form-data', 'multipart/mixed; boundary=XX'])(
  '%s is no form',
  async (type) => {
    await expect(read(form(field('a', '1')), { type })).rejects.toMatchObject({ code: 'MALFORMED_BODY' });
  },
);

test('fields and headers out of proportion are refused', async () => {
  const long = 'x'.repeat(70_000);
  await expect(read(form(field('a', long)))).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
  await expect(read(form(file('x', long)))).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
  await expect(
    read(form(...Array.from({ length: 101 }, (_, n) => field(`f${n}`, '')))),
  ).rejects.toMatchObject({
    code: 'BODY_TOO_LARGE',
  });
});

test('the body is read no faster than the file is', async () => {
  let pulled = 0;
  const body = Readable.from(
    (function* () {
      yield Buffer.from(`--XX\r\n${file('')}`);
      for (; pulled < 1000; pulled++) yield Buffer.alloc(10_000, 'x');
      yield Buffer.from('\r\n--XX--');
    })(),
    { objectMode: false },
  );
  const parts = readMultipart(body, TYPE);
  const { value: part } = await parts.next();
  if (part?.kind !== 'file') throw new Error('expected a file');
  const content = part.content[Symbol.asyncIterator]();
  await content.next();
  expect(pulled).toBeLessThan(50);
  let bytes = 10_000;
  for (let next = await content.next(); !next.done; next = await content.next())
    bytes += (next.value as Buffer).length;
  expect(bytes).toBeGreaterThanOrEqual(9_990_000);
  expect((await parts.next()).done).toBe(true);
});
