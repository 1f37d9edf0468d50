import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { registerClient } from '../../bench/lib/server.ts';
import type { Answer } from '../../src/contract/query.ts';
import { openReplica } from '../support/replica.ts';

const KA = join(import.meta.dirname, '..', '..', 'bin', 'ka.mjs');
const QUESTION = 'Who painted the weather vane of Elm Hythe?';

async function run(dataDir: string, args: readonly string[], faultPoint = ''): Promise<number | string> {
  const child = spawn(process.execPath, [KA, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DATA_DIR: dataDir, KA_FAULT_POINT: faultPoint },
  });
  const [code, signal] = await once(child, 'exit');
  return signal ?? code;
}

test('a restore that is killed has not begun or is done, and leaves nothing in the way of the next', async () => {
  const home = mkdtempSync(join(tmpdir(), 'ka-restore-crash-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  const [from, to, file] = [join(home, 'from'), join(home, 'to'), join(home, 'all.backup')];
  const source = await openReplica({ DATA_DIR: from, JWT_SECRET: '' });
  const client = await registerClient(source.url);
  const bytes = Buffer.from('The weather vane of Elm Hythe was painted by Ida Marsh.');
  await client.finished((await client.upload([{ name: 'vane.txt', bytes }])).taskId);
  await source.close();
  expect(await run(from, ['backup', '--with-secrets', file])).toBe(0);

  expect(await run(to, ['restore', file], 'restore-loaded')).toBe('SIGKILL');
  expect(existsSync(join(to, 'knowledge.db'))).toBe(false);
  expect(await run(to, ['restore', file], 'restore-placed')).toBe('SIGKILL');

  expect(readFileSync(join(to, 'jwt-secret'), 'utf8')).toBe(readFileSync(join(from, 'jwt-secret'), 'utf8'));
  const restored = await openReplica({ DATA_DIR: to, JWT_SECRET: '' });
  const again = await registerClient(restored.url);
  const { citations } = await again.post<Answer>('/api/v1/query', { query: QUESTION });
  expect(citations[0]?.quote).toContain('Ida Marsh');
  await restored.close();
  expect(readdirSync(to).filter((name) => name.startsWith('restoring-'))).toEqual([]);
});
