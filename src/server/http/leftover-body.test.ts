import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { discardLeftover } from './leftover-body.ts';

/** A server that answers at once and drops at most `maxBytes` of what comes after that. */
async function refusing(maxBytes: number) {
  const server = createServer((request, response) => {
    discardLeftover(request, maxBytes, 3_600_000);
    response.writeHead(413, { 'content-length': 0 }).end();
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  // what is written to a closed connection fails, which is what is looked for
  socket.on('error', () => {});
  return socket;
}
const head = (length: number) => `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n\r\n`;

test('a client that sends on reads its answer and may go on with the connection', async () => {
  const socket = await refusing(1_000_000);
  socket.write(head(500_000));
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 413/);
  socket.write(Buffer.alloc(500_000));
  socket.write(head(0));
  expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 413/);
  socket.destroy();
});

test('a client that does not stop loses its connection', async () => {
  const socket = await refusing(1_000_000);
  socket.write(head(2 ** 40));
  await once(socket, 'data');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  const send = () => {
    while (!socket.destroyed && socket.write(Buffer.alloc(65_536)));
  };
  socket.on('drain', send);
  send();
  await closed;
});
