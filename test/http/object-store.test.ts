import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createFileStore } from '../../src/server/drivers/file-store/create-file-store.ts';
import { decideStorage } from '../../src/server/storage-config.ts';
import { registerUser, type TestApp, type TestUser, testApp } from '../support/http.ts';
import { type S3Double, startS3Double } from '../support/s3-double.ts';
import { sendForm } from '../support/upload.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const TEXT = 'The bridge was opened in 1932.';

/** An app whose files are in a bucket, a user and the address of a file of theirs. */
async function house(
  presigned: boolean,
): Promise<{ app: TestApp; user: TestUser; s3: S3Double; file: string }> {
  const s3 = await startS3Double();
  const files = createFileStore(
    decideStorage(
      {
        STORAGE_URL: `s3://${s3.bucket}/originals`,
        STORAGE_DOWNLOADS: presigned ? 'presigned' : 'proxied',
        AWS_REGION: 'eu-central-1',
        AWS_ENDPOINT_URL_S3: s3.url,
        AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
        AWS_SESSION_TOKEN: undefined,
      },
      join(tmpdir(), 'ka-folder-that-nobody-makes'),
    ),
  );
  closing.push(
    () => s3.close(),
    () => files.close(),
  );
  const app = await testApp({ services: { files } });
  const user = await registerUser(app);
  const uploaded = await sendForm(app, user, [{ filename: 'bridge, new.txt', content: TEXT }]);
  expect(uploaded.statusCode).toBe(202);
  return { app, user, s3, file: `GET /api/v1/documents/${uploaded.json().document.id}/file` };
}

test('a file of the object store comes through the server, whole and by range', async () => {
  const { app, user, s3, file } = await house(false);
  expect([...s3.objects.values()].map(({ bytes }) => bytes.toString())).toEqual([TEXT]);
  const whole = await app.call(user, file);
  expect([whole.statusCode, whole.body]).toEqual([200, TEXT]);
  const part = await app.call(user, file, undefined, { range: 'bytes=4-9' });
  expect([part.statusCode, part.body]).toEqual([206, 'bridge']);
});

test('the same file again is not kept twice', async () => {
  const { app, user, s3 } = await house(false);
  expect((await sendForm(app, user, [{ filename: 'again.txt', content: TEXT }])).statusCode).toBe(200);
  expect(s3.objects.size).toBe(1);
});

test('with presigned downloads a client is sent to the store, and gets the file under its name there', async () => {
  const { app, user, s3, file } = await house(true);
  const sent = await app.call(user, file);
  expect([sent.statusCode, sent.body, sent.headers['cache-control']]).toEqual([302, '', 'no-store']);
  const address = String(sent.headers.location);
  expect(address.startsWith(s3.url)).toBe(true);
  const response = await fetch(address);
  expect(await response.text()).toBe(TEXT);
  expect(response.headers.get('content-disposition')).toContain('bridge%2C%20new.txt');
});

test('nobody is sent to the file of another', async () => {
  const { app, file } = await house(true);
  const stranger = await registerUser(app);
  const answer = await app.call(stranger, file);
  expect([answer.statusCode, answer.headers.location]).toEqual([404, undefined]);
});

test('scripts of our pages get the file from the server also with presigned downloads', async () => {
  const { app, user, file } = await house(true);
  const answer = await app.call(user, file, undefined, { 'sec-fetch-site': 'same-origin' });
  expect([answer.statusCode, answer.body]).toEqual([200, TEXT]);
});

test('an object store that is away is a 503 with a time to come back, and takes nothing in', async () => {
  const { app, user, s3, file } = await house(false);
  s3.fail(500, 100);
  const read = await app.call(user, file);
  expect([read.statusCode, read.json().type]).toEqual([503, 'urn:ka:error:upstream-unavailable']);
  expect(Number(read.headers['retry-after'])).toBeGreaterThan(0);
  const upload = await sendForm(app, user, [{ filename: 'second.txt', content: 'more' }]);
  expect(upload.statusCode).toBe(503);
  const listed = await app.call(user, 'GET /api/v1/documents');
  expect(listed.json().total).toBe(1);
});
