import { setTimeout as pause } from 'node:timers/promises';

export interface Followed {
  readonly finished: boolean;
  readonly reconnects: number;
}

/**
 * Follows a task until its `done`, again from its last event wherever the stream breaks off.
 *
 * @param urlOf the server that is asked after so many streams have broken off.
 * @returns `begun` when the first stream has said something.
 */
export function followTask(
  urlOf: (reconnects: number) => string,
  token: string,
  taskId: string,
): { begun: Promise<void>; ended: Promise<Followed> } {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const run = async (): Promise<Followed> => {
    let lastId: string | undefined;
    for (let reconnects = 0; reconnects < 50; reconnects++) {
      try {
        const response = await fetch(`${urlOf(reconnects)}/api/v1/tasks/${taskId}/events`, {
          headers: {
            authorization: `Bearer ${token}`,
            ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
          },
        });
        if (!response.ok) await pause(1000 * Number(response.headers.get('retry-after') ?? 1));
        let rest = '';
        for await (const text of (response.body as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(
          new TextDecoderStream(),
        )) {
          begin();
          rest += text;
          const blocks = rest.split('\n\n');
          rest = blocks.pop() as string;
          for (const block of blocks) {
            lastId = /^id: (.*)$/m.exec(block)?.[1] ?? lastId;
            if (/^event: done$/m.test(block)) return { finished: true, reconnects };
          }
        }
      } catch {
        // broken off
      }
    }
    return { finished: false, reconnects: 50 };
  };
  return { begun, ended: run() };
}
