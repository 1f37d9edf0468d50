/** The arrows of ARCHITECTURE.md. */
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  comment: `ARCHITECTURE.md, "Rooms": ${name}`,
  from: { path: from, pathNot: '\\.test\\.ts$|conformance\\.ts$' },
  to: { path: '^src/', pathNot: allowed },
});
const web = (what, from, allowed) =>
  only(`web: ${what}`, `^src/web/${from}/`, `^src/web/(${allowed})/|^src/contract/`);
// may be imported from everywhere in the server
const COMMON =
  '^src/contract/|^src/server/memory/cgroup-limit\\.ts$|^src/server/admission/(clock|fair-queue)\\.ts$|^src/server/(errors|log|metrics|histogram|tracing|config|embedding-config|storage-config|storage-fault|fault-point|settings|prices|version)\\.ts$|^src/server/ports/';

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-dev-dependency-in-what-ships',
      severity: 'error',
      from: { path: '^src/server|^src/contract', pathNot: '\\.test\\.ts$|conformance\\.ts$' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    only('contract imports nothing of ours', '^src/contract/', '^src/contract/'),
    only('web knows the contract only', '^src/web/', '^src/(web|contract)/'),
    {
      ...only('the browser gets no code of the contract', '^src/web/', '^src/web/'),
      to: { path: '^src/contract/', dependencyTypesNot: ['type-only'] },
    },
    web('kit and client', '(ui|client|text|styles)', 'ui|client|text|styles'),
    web('data asks the server', 'data', 'data|client|text'),
    web('viewer and upload', '(viewer|upload)', 'viewer|upload|data|ui|client|text'),
    web('features', 'features', 'features|viewer|upload|data|ui|client|text'),
    {
      name: 'features do not know each other',
      severity: 'error',
      from: { path: '^src/web/features/([^/]+)/' },
      to: { path: '^src/web/features/', pathNot: '^src/web/features/$1/' },
    },
    only('ports are types over the contract', '^src/server/ports/', '^src/server/ports/|^src/contract/'),
    only('text is pure', '^src/server/text/', `^src/server/text/|${COMMON}`),
    only(
      'records know ports and text',
      '^src/server/records/',
      `^src/server/records/|^src/server/text/|${COMMON}`,
    ),
    only(
      'ingest and answer know records, text and ports',
      '^src/server/(ingest|answer)/',
      `^src/server/(ingest|answer|records|text)/|${COMMON}`,
    ),
    only('jobs run ingest', '^src/server/jobs/', `^src/server/(jobs|ingest|records|text)/|${COMMON}`),
    only(
      'http is a mouth',
      '^src/server/http/',
      `^src/server/(http|answer|export|ingest|records|text)/|${COMMON}`,
    ),
    only(
      'upkeep, backup and export know records and what makes the index',
      '^src/server/(upkeep|backup|export)/',
      `^src/server/(upkeep|backup|export|ingest|records|text)/|${COMMON}`,
    ),
    only(
      'drivers know ports, text and their thread',
      '^src/server/drivers/',
      `^src/server/(drivers|text)/|^src/server/threads/rpc\\.ts$|^src/server/records/sqlite\\.ts$|^src/server/records/ids\\.ts$|${COMMON}`,
    ),
    {
      name: 'ingest and answer do not know each other',
      severity: 'error',
      from: { path: '^src/server/(ingest|answer)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/server/(ingest|answer)/', pathNot: '^src/server/$1/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['node', 'import', 'types', 'default'],
    },
  },
};
