import dns from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import net from 'node:net';

/**
 * No reader has a reason to open a connection, so none can: even a library that follows a link in a
 * document meets this. A second wall beside the permission model, which covers files and processes only.
 */
export function forbidNetwork(): void {
  const refuse = (): never => {
    throw new Error('the parse process opens no connections');
  };
  net.Socket.prototype.connect = refuse;
  net.connect = refuse;
  net.createConnection = refuse;
  dns.lookup = refuse as unknown as typeof dns.lookup;
  dns.promises.lookup = refuse as unknown as typeof dns.promises.lookup;
  syncBuiltinESMExports();
  for (const name of ['fetch', 'WebSocket', 'EventSource']) Reflect.deleteProperty(globalThis, name);
}
