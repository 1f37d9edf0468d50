import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Profile {
  readonly nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** The functions with most time of their own in each `.cpuprofile` of a folder, as lines of text. */
export function summariseProfiles(folder: string, top = 14): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.cpuprofile'))
    .sort()
    .flatMap((file) => {
      const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Profile;
      const names = new Map(
        profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
          id,
          `${functionName || '(anonymous)'} ${url.split('/').slice(-2).join('/')}:${lineNumber + 1}`,
        ]),
      );
      const own = new Map<string, number>();
      for (const [i, sample] of profile.samples.entries()) {
        const name = names.get(sample) ?? '?';
        own.set(name, (own.get(name) ?? 0) + (profile.timeDeltas[i] ?? 0) / 1000);
      }
      const sorted = [...own].sort((a, b) => b[1] - a[1]).filter(([name]) => !name.startsWith('(idle)'));
      const busy = sorted.reduce((sum, [, ms]) => sum + ms, 0);
      return [
        `${file}: ${busy.toFixed(0)} ms busy`,
        ...sorted.slice(0, top).map(([name, ms]) => `  ${((ms / busy) * 100).toFixed(1)} % ${name}`),
      ];
    });
}
