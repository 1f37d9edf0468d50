import { expect, it } from 'vitest';
import { serverSentEvents } from './server-sent-events.ts';

async function parse(...parts: (string | Uint8Array)[]) {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const part of parts)
        controller.enqueue(typeof part === 'string' ? new TextEncoder().encode(part) : part);
      controller.close();
    },
  });
  const events = [];
  for await (const event of serverSentEvents(body)) events.push(event);
  return events;
}

it('reads events that are cut anywhere, even within a character', async () => {
  const bytes = new TextEncoder().encode('event: token\nid: 7\ndata: {"text":"größe"}\n\n');
  const cut = bytes.indexOf(0xc3) + 1;
  expect(await parse(bytes.slice(0, cut), bytes.slice(cut))).toEqual([
    { event: 'token', id: '7', data: '{"text":"größe"}' },
  ]);
});

it('skips comments and what is not finished', async () => {
  expect(await parse(':\n\n', 'data: 1\n\n:\n\ndata: 2\n\n', 'data: 3')).toEqual([
    { event: 'message', id: undefined, data: '1' },
    { event: 'message', id: undefined, data: '2' },
  ]);
});

it('joins data of several lines and takes both kinds of line ends', async () => {
  expect(await parse('event:x\r\ndata: a\r\ndata:b\r\n\r\n')).toEqual([
    { event: 'x', id: undefined, data: 'a\nb' },
  ]);
});
