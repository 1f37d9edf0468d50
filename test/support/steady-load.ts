import type { Client } from '../../bench/lib/server.ts';

export interface SeenAnswer {
  readonly request: string;
  /** 0 where there was none. */
  readonly status: number;
  readonly retryAfter: string | null;
}

export interface SteadyLoad {
  /** Resolves when so many more requests have been answered. */
  more(count: number): Promise<void>;
  /** Ends it. @returns everything that was answered. */
  stop(): Promise<readonly SeenAnswer[]>;
}

/** Lists, reads and searches, without a pause, one after the other at each server. */
export function startLoad(servers: readonly { readonly url: string; readonly client: Client }[]): SteadyLoad {
  const seen: SeenAnswer[] = [];
  const waiting = new Set<{ readonly at: number; readonly resolve: () => void }>();
  let over = false;
  let asked = 0;

  async function ask(url: string, token: string): Promise<void> {
    const [request, body] = [
      ['/api/v1/me'],
      ['/api/v1/documents?limit=20'],
      // a question of its own each time: none is answered from what was kept
      ['/api/v1/search', { query: `what did the lamp burn ${asked}` }],
    ][asked++ % 3] as [string, unknown?];
    const answer = await fetch(url + request, {
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    }).catch(() => undefined);
    await answer?.arrayBuffer().catch(() => undefined);
    seen.push({
      request,
      status: answer?.status ?? 0,
      retryAfter: answer?.headers.get('retry-after') ?? null,
    });
    for (const one of waiting)
      if (seen.length >= one.at) {
        waiting.delete(one);
        one.resolve();
      }
  }

  const running = servers.map(async ({ url, client }) => {
    while (!over) await ask(url, client.token);
  });
  return {
    async more(count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add({ at: seen.length + count, resolve });
      await promise;
    },
    async stop() {
      over = true;
      await Promise.all(running);
      return seen;
    },
  };
}
