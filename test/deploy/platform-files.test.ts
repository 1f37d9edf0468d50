import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ALIASES, SETTINGS, type Setting } from '../../src/server/settings.ts';
import { describeWith } from '../support/needs.ts';
import { testConfig } from '../support/nginx.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const settings: Readonly<Record<string, Setting | undefined>> = SETTINGS;
const commands = [...read('src/server/cli.ts').matchAll(/\.command\('([a-z]+)/g)].map(([, name]) => name);
const routes = Object.keys(
  z.object({ paths: z.record(z.string(), z.unknown()) }).parse(JSON.parse(read('docs/openapi.json'))).paths,
);
const HTTP_PORT = Number(SETTINGS.PORT.fallback);
const METRICS_PORT = Number(SETTINGS.METRICS_PORT.fallback);

/** Faults of an environment: names that no setting has, values that its setting refuses. */
function environmentFaults(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    const known = settings[name];
    if (known === undefined) return Object.values(ALIASES).includes(name) ? [] : [`${name} is no setting`];
    // what the deployer fills in is not known here
    const open = value === undefined || value === '' || /\$\{/.test(value);
    const result = open ? undefined : known.schema.safeParse(value);
    return result?.success === false ? [`${name} ${result.error.issues[0]?.message}`] : [];
  });
}

const quantities = z.strictObject({
  cpu: z
    .string()
    .regex(/^\d+m?$/)
    .optional(),
  memory: z.string().regex(/^\d+(?:Mi|Gi)$/),
});
const port = z.union([z.literal('http'), z.literal(HTTP_PORT)]);
const probe = (path: string) =>
  z.strictObject({
    httpGet: z.strictObject({ path: z.literal(path), port }),
    periodSeconds: z.int().positive(),
    timeoutSeconds: z.int().positive().optional(),
    failureThreshold: z.int().positive().optional(),
  });
const variable = z.strictObject({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z
    .strictObject({ secretKeyRef: z.strictObject({ name: z.string(), key: z.string() }) })
    .optional(),
});
const probes = {
  startupProbe: probe('/health/ready').optional(),
  readinessProbe: probe('/health/ready').optional(),
  livenessProbe: probe('/health').optional(),
};
const container = z.strictObject({
  name: z.enum(['api', 'worker']),
  image: z.literal('knowledge-assistant:0.1.0'),
  args: z.tuple([z.string().refine((name) => commands.includes(name), 'is no command')]),
  env: z.array(variable).optional(),
  envFrom: z
    .array(z.record(z.string(), z.strictObject({ name: z.literal('knowledge-assistant') })))
    .optional(),
  ports: z
    .tuple([
      z.strictObject({ name: z.literal('http'), containerPort: z.literal(HTTP_PORT) }),
      z.strictObject({ name: z.literal('metrics'), containerPort: z.literal(METRICS_PORT) }),
    ])
    .optional(),
  ...probes,
  lifecycle: z
    .strictObject({ preStop: z.strictObject({ sleep: z.strictObject({ seconds: z.int() }) }) })
    .optional(),
  resources: z.strictObject({ requests: quantities, limits: quantities }),
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  volumeMounts: z.array(z.strictObject({ name: z.string(), mountPath: z.enum(['/data', '/tmp']) })).length(2),
});
const labels = z.record(z.string().startsWith('app.kubernetes.io/'), z.string());
const workload = z.object({
  kind: z.enum(['Deployment', 'StatefulSet']),
  apiVersion: z.literal('apps/v1'),
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    selector: z.strictObject({ matchLabels: labels }),
    template: z.object({
      metadata: z.strictObject({ labels }),
      spec: z.object({
        automountServiceAccountToken: z.literal(false),
        // the program ends within 10 s of SIGTERM, after 5 s in which it is still found
        terminationGracePeriodSeconds: z.int().min(15),
        securityContext: z.object({ runAsNonRoot: z.literal(true), runAsUser: z.literal(1000) }),
        containers: z.tuple([container]),
      }),
    }),
  }),
});
const resource = z.object({
  kind: z.string(),
  apiVersion: z.string(),
  metadata: z.object({ name: z.string() }).optional(),
  data: z.record(z.string(), z.string()).optional(),
  spec: z
    .object({
      selector: z.record(z.string(), z.unknown()).optional(),
      podSelector: z.object({ matchLabels: labels }).optional(),
      scaleTargetRef: z.object({ kind: z.string(), name: z.string() }).optional(),
    })
    .optional(),
});

const kubernetes = globSync('deploy/kubernetes/**/*.yaml', { cwd: root });
const documentsOf = (path: string): unknown[] =>
  parseAllDocuments(read(path)).map((document) => {
    expect(document.errors, path).toEqual([]);
    return document.toJS() as unknown;
  });

test('Kubernetes runs known commands with known settings, ports and probes, without rights', () => {
  const workloads = kubernetes
    .flatMap(documentsOf)
    .filter((document) => ['Deployment', 'StatefulSet'].includes(resource.parse(document).kind))
    .map((document) => workload.parse(document));
  expect(workloads.map(({ metadata }) => metadata.name).toSorted()).toEqual([
    'knowledge-assistant',
    'knowledge-assistant-api',
    'knowledge-assistant-worker',
  ]);
  for (const { spec } of workloads) {
    expect(spec.template.metadata.labels).toEqual(spec.selector.matchLabels);
    const [{ name, args, ports, startupProbe, readinessProbe, livenessProbe, env = [] }] =
      spec.template.spec.containers;
    const serves = args[0] === 'serve';
    expect(name).toBe(serves ? 'api' : 'worker');
    for (const part of [ports, startupProbe, readinessProbe, livenessProbe])
      expect(part !== undefined).toBe(serves);
    expect(environmentFaults(Object.fromEntries(env.map((v) => [v.name, v.value])))).toEqual([]);
  }
});

test('what selects, scales or guards pods names pods that are there', () => {
  for (const folder of ['deploy/kubernetes/base', 'deploy/kubernetes/overlays/single']) {
    const all = globSync(`${folder}/*.yaml`, { cwd: root }).flatMap(documentsOf);
    const resources = all.map((document) => resource.parse(document));
    const workloads = all.flatMap((document) => workload.safeParse(document).data ?? []);
    const podLabels = workloads.map(({ spec }) => spec.template.metadata.labels);
    for (const { kind, data, spec } of resources) {
      if (kind === 'ConfigMap') expect(environmentFaults(data ?? {})).toEqual([]);
      if (kind === 'Service') expect(podLabels).toContainEqual(spec?.selector);
      if (kind === 'PodDisruptionBudget') expect(podLabels).toContainEqual(spec?.selector?.['matchLabels']);
      if (kind === 'NetworkPolicy') expect(podLabels).toContainEqual(spec?.podSelector?.matchLabels);
      if (kind === 'HorizontalPodAutoscaler')
        expect(workloads.map(({ metadata }) => metadata.name)).toContain(spec?.scaleTargetRef?.name);
    }
  }
});

test('kustomizations list files that are there, and every file is listed', () => {
  const listed = kubernetes
    .filter((path) => path.endsWith('kustomization.yaml'))
    .flatMap((path) => {
      const { resources, patches = [] } = z
        .object({
          resources: z.array(z.string()),
          patches: z.array(z.object({ path: z.string() })).optional(),
        })
        .parse(parse(read(path)));
      return [...resources, ...patches.map((patch) => patch.path)].map((name) => join(dirname(path), name));
    });
  for (const path of listed) expect(existsSync(join(root, path)), path).toBe(true);
  expect(kubernetes.filter((path) => !path.endsWith('kustomization.yaml') && !listed.includes(path))).toEqual(
    [],
  );
});

const service = z.object({
  image: z.string(),
  build: z
    .union([
      z.literal('.'),
      z.strictObject({ context: z.literal('..'), target: z.literal('web').optional() }),
    ])
    .optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  depends_on: z.record(z.string(), z.unknown()).optional(),
  read_only: z.boolean().optional(),
  cap_drop: z.array(z.string()).optional(),
  stop_grace_period: z.string().optional(),
  ports: z.array(z.string()).optional(),
});
const compose = z.object({
  services: z.record(z.string(), service),
  volumes: z.record(z.string(), z.unknown()),
});

/** The image of nginx, which has no command of the program. */
const isWeb = ({ build }: z.infer<typeof service>) => typeof build === 'object' && build.target === 'web';

test.each([
  ['compose.yaml', ['app']],
  [
    'deploy/compose.scaled.yaml',
    [
      'api-1',
      'api-2',
      'api-3',
      'nginx',
      'postgres',
      'postgres-replica',
      'qdrant',
      'redis',
      'worker-1',
      'worker-2',
    ],
  ],
])('%s starts known commands with known settings, and mounts what is there', (path, names) => {
  const { services, volumes } = compose.parse(parse(read(path), { merge: true }));
  expect(Object.keys(services).toSorted()).toEqual(names);
  for (const [name, one] of Object.entries(services)) {
    for (const mount of one.volumes ?? []) {
      const from = mount.split(':')[0] as string;
      if (from.startsWith('.')) expect(existsSync(join(root, dirname(path), from)), mount).toBe(true);
      else expect(Object.keys(volumes)).toContain(from);
    }
    for (const other of Object.keys(one.depends_on ?? {})) expect(names).toContain(other);
    // nothing is open to the network before somebody decides so
    for (const published of one.ports ?? []) expect(published).toMatch(/^127\.0\.0\.1:8000:/);
    if (isWeb(one)) expect(one).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
    if (one.build === undefined || isWeb(one)) continue;
    expect(commands, name).toContain(one.command?.[0]);
    expect(environmentFaults(one.environment ?? {})).toEqual([]);
    expect(one).toMatchObject({ read_only: true, stop_grace_period: '15s' });
  }
});

test('Cloud Run serves with known settings, a port and probes that are there', () => {
  const { containers } = z
    .object({
      spec: z.object({ template: z.object({ spec: z.object({ containers: z.array(z.unknown()) }) }) }),
    })
    .parse(parse(read('deploy/cloudrun/service.yaml'))).spec.template.spec;
  const [one] = z
    .tuple([
      z.strictObject({
        image: z.string().endsWith(':0.1.0'),
        args: z.tuple([z.literal('serve')]),
        ports: z.tuple([z.strictObject({ name: z.literal('http1'), containerPort: z.literal(HTTP_PORT) })]),
        env: z.array(variable),
        resources: z.strictObject({ limits: quantities }),
        startupProbe: probes.startupProbe.unwrap(),
        livenessProbe: probes.livenessProbe.unwrap(),
      }),
    ])
    .parse(containers);
  expect(environmentFaults(Object.fromEntries(one.env.map((v) => [v.name, v.value])))).toEqual([]);
});

test('Fly.io serves with known settings, ports and paths, and stops gracefully', () => {
  const fly = z
    .strictObject({
      app: z.string(),
      primary_region: z.string().length(3),
      kill_signal: z.literal('SIGTERM'),
      kill_timeout: z.int().min(10),
      build: z.strictObject({ dockerfile: z.string() }),
      env: z.record(z.string(), z.string()),
      processes: z.record(z.string(), z.string()),
      mounts: z.array(
        z.strictObject({
          source: z.string(),
          destination: z.literal('/data'),
          processes: z.array(z.string()),
          initial_size: z.string(),
        }),
      ),
      http_service: z.object({
        internal_port: z.literal(HTTP_PORT),
        auto_stop_machines: z.enum(['off', 'stop', 'suspend']),
        auto_start_machines: z.literal(true),
        checks: z.array(z.object({ path: z.string() })),
      }),
      metrics: z.strictObject({ port: z.literal(METRICS_PORT), path: z.literal('/metrics') }),
      vm: z.array(z.strictObject({ size: z.string(), memory: z.string() })),
    })
    .parse(parseToml(read('deploy/fly/fly.toml')));
  expect(environmentFaults(fly.env)).toEqual([]);
  expect(existsSync(join(root, 'deploy/fly', fly.build.dockerfile))).toBe(true);
  for (const command of Object.values(fly.processes)) expect(commands).toContain(command);
  for (const { path } of fly.http_service.checks) expect(routes).toContain(path);
});

test('Railway builds the image and asks an address that is there, in 512 MB', () => {
  const { build, deploy } = z
    .object({
      build: z.object({ builder: z.literal('DOCKERFILE'), dockerfilePath: z.string() }),
      deploy: z.object({
        healthcheckPath: z.string(),
        requiredMountPath: z.literal('/data'),
        drainingSeconds: z.int().min(10),
        limitOverride: z.object({ containers: z.object({ memoryBytes: z.literal(512 * 2 ** 20) }) }),
      }),
    })
    .parse(JSON.parse(read('deploy/railway/railway.json')));
  expect(existsSync(join(root, build.dockerfilePath))).toBe(true);
  expect(routes).toContain(deploy.healthcheckPath);
});

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** Instructions of the Dockerfile by stage; what stands before the first is under "". */
function dockerfileStages(): Map<string, Instruction[]> {
  const stages = new Map<string, Instruction[]>();
  let stage = '';
  const lines = read('Dockerfile')
    .replaceAll(/^\s*#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  for (const line of lines) {
    const name = line.split(' ', 1)[0] as string;
    const rest = line.slice(line.indexOf(' ') + 1);
    if (name === 'FROM') stage = / AS (\w+)$/.exec(rest)?.[1] ?? stage;
    stages.set(stage, [...(stages.get(stage) ?? []), { name, rest }]);
  }
  return stages;
}
const INSTRUCTIONS = [
  ...['ARG', 'FROM', 'WORKDIR', 'COPY', 'RUN', 'LABEL', 'ENV', 'USER', 'VOLUME', 'EXPOSE', 'STOPSIGNAL'],
  ...['HEALTHCHECK', 'ENTRYPOINT', 'CMD'],
];
const the = (stage: string, name: string) =>
  (dockerfileStages().get(stage) ?? []).filter((one) => one.name === name).map(({ rest }) => rest);
const environmentOf = (stage: string): Record<string, string> =>
  Object.fromEntries((the(stage, 'ENV')[0] as string).split(' ').map((one) => one.split('=')));

test('images pin what they can and take from the checkout what is there; the last one is the program', () => {
  const stages = dockerfileStages();
  expect([...stages.keys()]).toEqual(['', 'build', 'web', 'app']);
  for (const [stage, instructions] of stages) {
    for (const { name } of instructions) expect(INSTRUCTIONS).toContain(name);
    if (stage !== '') expect(the(stage, 'FROM')[0]).toMatch(/^\$\{(?:NODE|NGINX)_IMAGE\} AS /);
    for (const copy of the(stage, 'COPY').filter((one) => !one.startsWith('--from=')))
      for (const from of copy.split(' ').slice(0, -1)) expect(existsSync(join(root, from)), from).toBe(true);
  }
});

test('the image of the program runs as a user without rights and gets signals itself', () => {
  const { NODE_ENV, ...rest } = environmentOf('app');
  expect(NODE_ENV).toBe('production');
  expect(environmentFaults(rest)).toEqual([]);
  expect(the('app', 'EXPOSE')).toEqual([`${HTTP_PORT} ${METRICS_PORT}`]);
  expect(the('app', 'USER')).toEqual(['node']);
  expect(JSON.parse(the('app', 'ENTRYPOINT')[0] as string)).toEqual(['node', '/app/bin/ka.mjs']);
  expect(commands).toContain((JSON.parse(the('app', 'CMD')[0] as string) as string[])[0]);
  expect(the('app', 'HEALTHCHECK')[0]).toMatch(/CMD \["node", "-e", ".*\/health`.*"\]$/);
});

test('the image of nginx runs as a user without rights, with settings and an address that its files know', () => {
  const start = read('deploy/nginx/start.sh');
  const { PORT = '', ...rest } = environmentOf('web');
  for (const name of ['PORT', ...Object.keys(rest)]) expect(start).toContain(`#   ${name} `);
  expect(the('web', 'EXPOSE')).toEqual([PORT]);
  // the number: a cluster can tell from it that this is not root
  expect(the('web', 'USER')).toEqual(['101:101']);
  expect(the('web', 'STOPSIGNAL')).toEqual(['SIGQUIT']);
  expect(JSON.parse(the('web', 'ENTRYPOINT')[0] as string)).toEqual(['sh', '/opt/nginx/start.sh']);
  expect(the('web', 'HEALTHCHECK')[0]).toContain('/proxy-health');
  expect(read('deploy/nginx/nginx.conf.template')).toContain('location = /proxy-health');
  // the folder that the rest of deploy is left out of
  expect(read('.dockerignore').split('\n')).toContain('!deploy/nginx');
});

test('nothing of a checkout that is private or built goes into the image', () => {
  const ignored = read('.dockerignore').split('\n');
  for (const name of ['.git', '.env', '.env.*', 'node_modules', 'dist', 'build', 'data'])
    expect(ignored).toContain(name);
});

describeWith('nginx', 'nginx of the scaled set', (path) => {
  test('takes its settings, and knows every API process that is started', () => {
    const { services } = compose.parse(parse(read('deploy/compose.scaled.yaml'), { merge: true }));
    const { API_SERVERS = '', ...rest } = services['nginx']?.environment ?? {};
    const apis = Object.keys(services).filter((name) => services[name]?.command?.[0] === 'serve');
    expect(API_SERVERS.split(' ')).toEqual(apis.map((name) => `${name}:${HTTP_PORT}`));
    // the names are those of the containers
    const here = API_SERVERS.replaceAll(/api-\d:/g, '127.0.0.1:');
    expect(testConfig(path, { ...rest, API_SERVERS: here }).status).toBe(0);
  });
});
