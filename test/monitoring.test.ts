import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type BenchServer, type Client, freePort, registerClient, startServer } from '../bench/lib/server.ts';
import { type Family, parsePrometheus } from './support/prometheus.ts';

const monitoring = join(import.meta.dirname, '..', 'deploy', 'monitoring');

let server: BenchServer;
let client: Client;
let metricsPort: number;
const scrape = async (): Promise<Map<string, Family>> => {
  const response = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
  return parsePrometheus(await response.text());
};

beforeAll(async () => {
  metricsPort = await freePort();
  server = await startServer({ env: { METRICS_PORT: String(metricsPort) } });
  client = await registerClient(server.url);
});
afterAll(() => server.stop());

test('requests, answers, jobs, memory, index and database of a running server show in its metrics', async () => {
  const { taskId } = await client.upload([
    { name: 'harbour.md', bytes: Buffer.from('# Harbour\n\nA visiting yacht pays 34 crowns a night.\n') },
  ]);
  await client.finished(taskId);
  for (let i = 0; i < 2; i++)
    await client.post('/api/v1/query', { query: 'How much does a visiting yacht pay a night?' });
  const families = await scrape();
  const value = (name: string, labels: Record<string, string> = {}) =>
    families
      .get(name)
      ?.samples.find((sample) => Object.entries(labels).every(([key, of]) => sample.labels[key] === of))
      ?.value;
  const jobs = families
    .get('ka_stage_duration_seconds')
    ?.samples.filter(({ labels }) => labels['stage'] === 'job-ingest');
  expect(jobs?.find(({ name }) => name.endsWith('_count'))?.value).toBe(1);
  expect(value('ka_http_responses_total', { class: '2xx' })).toBeGreaterThan(3);
  expect(value('ka_answers_total', { outcome: 'answered' })).toBe(1);
  expect(value('ka_answers_total', { outcome: 'cached' })).toBe(1);
  expect(value('ka_jobs', { state: 'failed' })).toBe(0);
  expect(value('ka_cache_hits_total')).toBeGreaterThanOrEqual(1);
  expect(value('ka_index_loaded_vectors')).toBe(1);
  expect(value('ka_database_bytes', { file: 'main' })).toBeGreaterThan(10_000);
  // the process that read the file is still there, and counts
  expect(value('ka_processes')).toBeGreaterThanOrEqual(1);
  expect(value('ka_resident_memory_bytes')).toBeGreaterThan(30e6);
  expect(value('ka_memory_limit_bytes')).toBeGreaterThan(100e6);
  expect(value('ka_disk_used_ratio')).toBeGreaterThan(0);
  expect(value('ka_network_bytes_total', { direction: 'received' })).toBeGreaterThan(100);
  for (const [name, { help }] of families) {
    expect(name).toMatch(/^ka_/);
    expect(help.length, name).toBeGreaterThan(5);
  }
});

test('what the dashboard and the alerts ask for exists', async () => {
  const families = await scrape();
  const dashboard = readFileSync(join(monitoring, 'grafana-dashboard.json'), 'utf8');
  const panels = (JSON.parse(dashboard) as { panels: { id: number; targets: { expr: string }[] }[] }).panels;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const alerts = readFileSync(join(monitoring, 'alerts.yml'), 'utf8');
  const asked = new Set(
    [...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)), alerts]
      .join('\n')
      .match(/\bka_\w+/g),
  );
  expect(asked.size).toBeGreaterThan(20);
  const there = (name: string) =>
    families.has(name) || families.get(name.replace(/_(bucket|sum|count)$/, ''))?.type === 'histogram';
  expect([...asked].filter((name) => !there(name))).toEqual([]);
  // and what exists is shown: nothing is counted for nobody
  const shown = [...families.keys()].filter((name) => !dashboard.includes(name) && !alerts.includes(name));
  expect(shown.toSorted()).toEqual(['ka_cache_entries', 'ka_uptime_seconds']);
});

test('every alert is explained in the guide for operators', () => {
  const guide = readFileSync(join(monitoring, '..', '..', 'docs', 'operations.md'), 'utf8');
  const alerts = readFileSync(join(monitoring, 'alerts.yml'), 'utf8');
  const names = [...alerts.matchAll(/alert: (\w+)/g)].map(([, name]) => name as string);
  expect(names.filter((name) => !guide.includes(name))).toEqual([]);
});

test('a metrics port that is taken costs the metrics and not the service', async () => {
  const other = createServer((_, response) => response.end('another program'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const second = await startServer({
    env: { METRICS_PORT: String((other.address() as AddressInfo).port) },
  });
  try {
    expect((await fetch(`${second.url}/health`)).status).toBe(200);
  } finally {
    expect(await second.stop()).toBe(0);
  }
});
