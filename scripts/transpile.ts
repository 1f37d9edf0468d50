import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';

/**
 * Strips the types of contract and server into `dist`, file by file. Types are checked by `npm run check`: a
 * build that also checked them would take fifteen times as long, and a newcomer waits for it.
 */
export function transpile(root: string): number {
  const sources = globSync('src/{contract,server}/**/*.ts', { cwd: root }).filter(
    (file) => !/\.(test|d|as)\.ts$|conformance\.ts$/.test(file),
  );
  for (const folder of ['contract', 'server'])
    rmSync(join(root, 'dist', folder), { recursive: true, force: true });
  for (const file of sources) {
    const { outputText } = ts.transpileModule(readFileSync(join(root, file), 'utf8'), {
      fileName: file,
      compilerOptions: {
        target: ts.ScriptTarget.ES2024,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
        rewriteRelativeImportExtensions: true,
        removeComments: true,
      },
    });
    const target = join(root, 'dist', file.slice('src/'.length).replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, outputText);
  }
  return sources.length;
}
