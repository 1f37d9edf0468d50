import { join } from 'node:path';
import type { SettingValues } from './settings.ts';

/** Where the original files are. Plain data: threads get it as it is. */
export type StorageConfig =
  | { readonly kind: 'disk'; readonly dir: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Without slashes at its ends; empty: the bucket's root. */
      readonly prefix: string;
      readonly region: string;
      readonly endpoint: string | undefined;
      readonly credentials:
        | {
            readonly accessKeyId: string;
            readonly secretAccessKey: string;
            readonly sessionToken: string | undefined;
          }
        | undefined;
      readonly presigned: boolean;
      readonly scratchDir: string;
    };

type StorageSettings = Pick<
  SettingValues,
  | 'STORAGE_URL'
  | 'STORAGE_DOWNLOADS'
  | 'AWS_REGION'
  | 'AWS_ENDPOINT_URL_S3'
  | 'AWS_ACCESS_KEY_ID'
  | 'AWS_SECRET_ACCESS_KEY'
  | 'AWS_SESSION_TOKEN'
>;

/** As S3 allows them; also what a name in `s3://name/` can be. */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
/** What needs no escaping anywhere. */
const PREFIX = /^[\w.-]+(?:\/[\w.-]+)*$/;

/** What is wrong with the settings of storage together. */
export function storageContradictions(v: StorageSettings): string[] {
  if (v.STORAGE_URL === undefined)
    return v.STORAGE_DOWNLOADS === 'presigned'
      ? ['STORAGE_DOWNLOADS=presigned needs an object store: set STORAGE_URL, or unset it']
      : [];
  const faults: string[] = [];
  const { bucket, prefix, plain } = partsOf(v.STORAGE_URL);
  if (!BUCKET.test(bucket))
    faults.push('STORAGE_URL must name a bucket of 3 to 63 small letters, digits, dots and dashes');
  if (prefix !== '' && !PREFIX.test(prefix))
    faults.push('STORAGE_URL must have a prefix of letters, digits, dots, dashes and slashes');
  if (!plain)
    faults.push(
      'STORAGE_URL must hold bucket and prefix alone: credentials are set as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, another service as AWS_ENDPOINT_URL_S3',
    );
  const hasKey = v.AWS_ACCESS_KEY_ID !== undefined;
  if (hasKey !== (v.AWS_SECRET_ACCESS_KEY !== undefined))
    faults.push(
      hasKey
        ? 'AWS_SECRET_ACCESS_KEY is missing: AWS_ACCESS_KEY_ID needs it'
        : 'AWS_ACCESS_KEY_ID is missing: AWS_SECRET_ACCESS_KEY needs it',
    );
  return faults;
}

/** @param v settings without contradictions. */
export function decideStorage(v: StorageSettings, dataDir: string): StorageConfig {
  if (v.STORAGE_URL === undefined) return { kind: 'disk', dir: join(dataDir, 'files') };
  const { bucket, prefix } = partsOf(v.STORAGE_URL);
  return {
    kind: 's3',
    bucket,
    prefix,
    region: v.AWS_REGION ?? 'us-east-1',
    endpoint: v.AWS_ENDPOINT_URL_S3,
    credentials:
      v.AWS_ACCESS_KEY_ID === undefined || v.AWS_SECRET_ACCESS_KEY === undefined
        ? undefined
        : {
            accessKeyId: v.AWS_ACCESS_KEY_ID,
            secretAccessKey: v.AWS_SECRET_ACCESS_KEY,
            sessionToken: v.AWS_SESSION_TOKEN,
          },
    presigned: v.STORAGE_DOWNLOADS === 'presigned',
    scratchDir: join(dataDir, 'scratch'),
  };
}

function partsOf(url: string) {
  const { hostname, pathname, username, password, port, search, hash } = new URL(url);
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  return { bucket: hostname, prefix, plain: `${username}${password}${port}${search}${hash}` === '' };
}
