/** One event of an answer as a client sees it. */
export interface EventSeen {
  readonly event: string;
  readonly data: unknown;
}

/** The named events of a response as they come, comments left out; to stop iterating closes the connection. */
export async function* readEvents(response: Response): AsyncGenerator<EventSeen> {
  if (response.body === null) return;
  let rest = '';
  for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (rest + bytes).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) };
    }
  }
}
