import type { SearchResult } from '../src/contract/search.ts';
import { makeInstallation } from './lib/installation.ts';
import { measureTree } from './lib/process-tree.ts';
import { type Bench, percentile, type Row, round } from './lib/row.ts';
import { startServer } from './lib/server.ts';
import { question } from './lib/shots.ts';

const SIZES = [1_000, 10_000, 100_000];
const USERS = [1, 100];
const MB = 1024 * 1024;
/** Below it times are the call's own, which no ratio of sizes says anything about. */
const FLOOR_MS = 1;
/** A step of ten in size may cost so many times; and neighbours may cost a user so much. */
const LINEAR = 10;
const NEIGHBOURS = 1.5;

interface Point {
  readonly chunks: number;
  readonly users: number;
  readonly vectorMs: number;
  readonly keywordMs: number;
  readonly readyMs: number;
  readonly rssMb: number;
}

/** How search, memory and start grow with passages and with users who share them out evenly. */
export const bench: Bench = {
  id: 'A14',
  async run({ quick, log }) {
    const points: Point[] = [];
    for (const users of USERS)
      for (const chunks of quick ? SIZES.slice(0, 2) : SIZES) {
        const point = await measure(chunks, users, quick ? 60 : 200);
        points.push(point);
        log(
          `${chunks} chunks, ${users} user(s): vectors ${point.vectorMs} ms, words ${point.keywordMs} ms, ready ${point.readyMs} ms, ${point.rssMb} MB`,
        );
      }
    return points.map((point): Row => {
      const smaller = points.find(
        ({ chunks, users }) => users === point.users && chunks * 10 === point.chunks,
      );
      // the same passages of one's own, without anybody else's
      const alone = points.find(
        ({ chunks, users }) => users === 1 && point.users > 1 && chunks * point.users === point.chunks,
      );
      const step = smaller === undefined ? 1 : worstOf(point, smaller);
      const beside = alone === undefined ? 1 : slowerOf(point, alone);
      return {
        id: 'A14',
        name: `${point.chunks} chunks of ${point.users} user${point.users > 1 ? 's' : ''}`,
        target: 'no worse than linear; others cost nothing',
        figure: round(point.vectorMs + point.keywordMs),
        unit: 'ms',
        ok: step <= LINEAR && beside <= NEIGHBOURS,
        detail: `one user's search, medians: vectors ${point.vectorMs} ms, words ${point.keywordMs} ms; ready ${point.readyMs} ms, ${point.rssMb} MB RSS${smaller === undefined ? '' : `; worst of the four against a tenth of the chunks ×${round(step)}`}${alone === undefined ? '' : `; search against ${point.chunks / point.users} chunks alone ×${round(beside)}`}`,
      };
    });
  },
};

const atLeast = (ms: number) => Math.max(ms, FLOOR_MS);
const slowerOf = (a: Point, b: Point) =>
  Math.max(atLeast(a.vectorMs) / atLeast(b.vectorMs), atLeast(a.keywordMs) / atLeast(b.keywordMs));
const worstOf = (a: Point, b: Point) => Math.max(slowerOf(a, b), a.readyMs / b.readyMs, a.rssMb / b.rssMb);

async function measure(chunks: number, users: number, questions: number): Promise<Point> {
  const installation = await makeInstallation(chunks, { users });
  try {
    const server = await startServer({ dataDir: installation.dataDir });
    try {
      const search = async (query: string, mode: 'vector' | 'keyword') => {
        const response = await fetch(`${server.url}/api/v1/search`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${installation.tokens[0]}`,
            'content-type': 'application/json',
          },
          body: JSON.stringify({ query, limit: 10, mode }),
        });
        if (!response.ok) throw new Error(`a search was answered ${response.status}`);
        return ((await response.json()) as SearchResult).timings;
      };
      const vectorMs: number[] = [];
      const keywordMs: number[] = [];
      for (let n = 0; n < questions + 20; n++) {
        const query = question(installation.words, n);
        const near = await search(query, 'vector');
        const words = await search(query, 'keyword');
        if (n < 20) continue;
        vectorMs.push(near.vectorMs);
        keywordMs.push(words.keywordMs);
      }
      return {
        chunks,
        users,
        vectorMs: round(percentile(vectorMs, 0.5)),
        keywordMs: round(percentile(keywordMs, 0.5)),
        readyMs: round(server.readyMs, 0),
        rssMb: round(measureTree(server.pid).rssBytes / MB, 0),
      };
    } finally {
      await server.stop();
    }
  } finally {
    await installation.remove();
  }
}
