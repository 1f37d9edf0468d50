import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../version.ts';

/** Runs a script that is part of the checkout, not of what ships. @returns its exit code. */
export function runInCheckout(script: string, parameters: readonly string[]): Promise<number> {
  const path = join(packageRoot, script);
  if (!existsSync(path)) {
    console.error(`${script} comes with the source checkout: run this command there.`);
    return Promise.resolve(1);
  }
  const child = spawn(process.execPath, [path, ...parameters], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
