import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Qdrant } from './qdrant.ts';

const SNAPSHOT_MS = 600_000;

/**
 * A copy of the collection as a stream, for a backup. It spares the time of building the graphs anew; the
 * vectors themselves are in the records. Of a cluster it holds one node's part only.
 */
export async function takeSnapshot(
  { service, path }: Qdrant,
  use: (content: Readable, sizeBytes: number) => Promise<void>,
): Promise<void> {
  const { result } = (await service.call('POST', path('/snapshots?wait=true'), undefined, {
    timeoutMs: SNAPSHOT_MS,
    tries: 1,
  })) as { result: { name: string; size: number } };
  const own = path(`/snapshots/${encodeURIComponent(result.name)}`);
  try {
    await use(await service.download(own), result.size);
  } finally {
    await service.call('DELETE', `${own}?wait=true`);
  }
}

/** Replaces the collection by a snapshot. A comparison of every key must follow: the records may be of another moment. */
export async function restoreSnapshot({ service, path }: Qdrant, content: Readable): Promise<void> {
  const boundary = `snapshot-${randomUUID()}`;
  const form = async function* () {
    yield Buffer.from(
      `--${boundary}\r\ncontent-disposition: form-data; name="snapshot"; filename="snapshot"\r\n` +
        'content-type: application/octet-stream\r\n\r\n',
    );
    yield* content;
    yield Buffer.from(`\r\n--${boundary}--\r\n`);
  };
  await service.upload(path('/snapshots/upload?priority=snapshot&wait=true'), Readable.from(form()), {
    'content-type': `multipart/form-data; boundary=${boundary}`,
  });
}
