import { expect, test } from 'vitest';
import { decideStorage, storageContradictions } from './storage-config.ts';

const unset = {
  STORAGE_URL: undefined,
  STORAGE_DOWNLOADS: 'proxied',
  AWS_REGION: undefined,
  AWS_ENDPOINT_URL_S3: undefined,
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
} as const;

test('files are in the data folder where nothing is set', () => {
  expect(decideStorage(unset, '/data')).toEqual({ kind: 'disk', dir: '/data/files' });
  expect(storageContradictions(unset)).toEqual([]);
});

test('an object store is its bucket and prefix, with credentials where they are set', () => {
  const set = {
    ...unset,
    STORAGE_URL: 's3://team-documents/knowledge/originals/',
    STORAGE_DOWNLOADS: 'presigned',
    AWS_ENDPOINT_URL_S3: 'http://minio:9000',
    AWS_ACCESS_KEY_ID: 'id',
    AWS_SECRET_ACCESS_KEY: 'secret',
  } as const;
  expect(storageContradictions(set)).toEqual([]);
  expect(decideStorage(set, '/data')).toEqual({
    kind: 's3',
    bucket: 'team-documents',
    prefix: 'knowledge/originals',
    region: 'us-east-1',
    endpoint: 'http://minio:9000',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: undefined },
    presigned: true,
    scratchDir: '/data/scratch',
  });
  expect(decideStorage({ ...unset, STORAGE_URL: 's3://abc' }, '/data')).toMatchObject({
    prefix: '',
    credentials: undefined,
    presigned: false,
  });
});

test.each([
  ['s3://', 'name a bucket'],
  ['s3://Team_Documents', 'name a bucket'],
  ['s3://abc/a%20b', 'have a prefix'],
  ['s3://abc/a//b', 'have a prefix'],
  ['s3://id:secret@abc', 'bucket and prefix alone'],
  ['s3://abc?region=eu', 'bucket and prefix alone'],
])('%s is refused with what to do', (STORAGE_URL, said) => {
  const faults = storageContradictions({ ...unset, STORAGE_URL });
  expect(faults).toHaveLength(1);
  expect(faults[0]).toMatch(/^STORAGE_URL must /);
  expect(faults[0]).toContain(said);
  expect(faults[0]).not.toContain('secret@');
});

test('half of the credentials, and links without a store, are contradictions', () => {
  const STORAGE_URL = 's3://abc';
  expect(storageContradictions({ ...unset, STORAGE_URL, AWS_ACCESS_KEY_ID: 'id' })).toEqual([
    'AWS_SECRET_ACCESS_KEY is missing: AWS_ACCESS_KEY_ID needs it',
  ]);
  expect(storageContradictions({ ...unset, STORAGE_URL, AWS_SECRET_ACCESS_KEY: 'x' })).toEqual([
    'AWS_ACCESS_KEY_ID is missing: AWS_SECRET_ACCESS_KEY needs it',
  ]);
  expect(storageContradictions({ ...unset, STORAGE_DOWNLOADS: 'presigned' })).toHaveLength(1);
  // what other programs on the machine use is nobody's fault here
  expect(storageContradictions({ ...unset, AWS_ACCESS_KEY_ID: 'id' })).toEqual([]);
});
