import type { ModelUsage } from '../records/usage-totals.ts';
import type { Report } from './report.ts';

const TABLES_SHOWN = 8;

/** The report for people: sections of aligned lines. */
export function printReport(report: Report): string {
  const { server, disk, database, index, files, contents, usage, savings } = report;
  const month = report.at.slice(0, 7);
  return [
    `Knowledge Assistant ${report.version}, ${report.dataDir}, ${report.at}`,
    section(
      'Memory',
      server.state === 'stopped'
        ? [
            ['server', 'not running at the address of these settings'],
            ['limit', size(report.memoryLimitBytes)],
          ]
        : [
            ['server', `${server.status} at ${server.address}`],
            [
              'resident',
              `${size(server.metrics.rssBytes)}, ${server.metrics.memoryPercent} % of ${size(report.memoryLimitBytes)}`,
            ],
            ['heap', size(server.metrics.heapBytes)],
            ['processor', `${server.metrics.cpuPercent} % of a core`],
            ['event loop', `${server.metrics.eventLoopLagMs} ms behind at most (p99)`],
          ],
    ),
    section('Disk', [
      ['data folder', size(disk.dataBytes)],
      ['free', `${size(disk.freeBytes)}, the disk is ${disk.usedPercent} % full`],
    ]),
    section('Contents', [
      ['users', whole(contents.users)],
      ['collections', whole(contents.collections)],
      ['documents', `${whole(files.documents)}${counts(contents.documentsByStatus)}`],
      ['passages', whole(contents.chunks)],
      ['jobs', counts(report.jobsByState).replace(/^ \((.*)\)$/, '$1') || 'none'],
    ]),
    section('Files', [
      ['of documents', size(files.documentBytes)],
      ['in the store', `${size(files.storedBytes)} in ${whole(files.storedFiles)} files`],
    ]),
    section('Index', [
      [
        'vectors',
        `${size(index.vectorBytes)} for ${whole(index.vectors)}${index.withoutVector > 0 ? `, ${whole(index.withoutVector)} still to be made` : ''}`,
      ],
      ['keywords', size(index.keywordBytes)],
    ]),
    section('Database', [
      [
        'file',
        `${size(database.fileBytes)}, ${size(database.freeBytes)} of it free; log ${size(database.logBytes)}`,
      ],
      ...database.tables
        .slice(0, TABLES_SHOWN)
        .map(
          ({ name, rows, bytes, indexBytes }) =>
            [
              `  ${name}`,
              `${size(bytes)}${indexBytes > 0 ? ` + ${size(indexBytes)} of indexes` : ''}, ${whole(rows)} rows`,
            ] as const,
        ),
    ]),
    section('Logs', [
      ['lines', report.logs.destination],
      ['audit', `${whole(report.logs.auditEntries)} entries`],
    ]),
    section(`Models in ${month}`, usageLines(usage.thisMonth)),
    section('Models since the beginning', usageLines(usage.ever)),
    section('Saved by caches', [
      ['requests', `${whole(savings.cachedRequests)}, ${Math.round(savings.shareOfRequests * 100)} % of all`],
      ['money', money(savings.savedUsd)],
    ]),
  ].join('\n\n');
}

function section(title: string, lines: readonly (readonly [string, string])[]): string {
  const width = Math.max(14, ...lines.map(([name]) => name.length));
  return [title, ...lines.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)].join('\n');
}

const usageLines = (usage: readonly ModelUsage[]): (readonly [string, string])[] =>
  usage.length === 0
    ? [['none', 'nothing was asked']]
    : usage.map(({ model, kind, requests, cachedRequests, promptTokens, completionTokens, costUsd }) => [
        `${model} (${kind})`,
        `${whole(requests)} requests, ${whole(cachedRequests)} from the cache; ${whole(promptTokens)} + ${whole(completionTokens)} tokens; ${money(costUsd)}`,
      ]);

const counts = (by: Readonly<Record<string, number>>): string => {
  const text = Object.entries(by).map(([name, n]) => `${whole(n)} ${name}`);
  return text.length === 0 ? '' : ` (${text.join(', ')})`;
};

const whole = (n: number): string => n.toLocaleString('en');
const money = (usd: number): string => `${usd.toFixed(usd > 0 && usd < 1 ? 4 : 2)} USD`;

function size(bytes: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
