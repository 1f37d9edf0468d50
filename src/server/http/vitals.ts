import { statfs } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { z } from 'zod';
import type { detailedHealth } from '../../contract/system.ts';
import type { AdmissionFigures } from '../ports/admission.ts';

export type Vitals = z.infer<typeof detailedHealth>['metrics'];

/** Reads how this process fares. Between readings it only counts. */
export interface VitalsReader {
  read(): Promise<Vitals>;
  eventLoopLagMs(): number;
  networkIo(): Vitals['networkIo'];
  /** Of the disk that holds the data folder, 0 to 1. */
  diskUsedShare(): Promise<number>;
  close(): void;
}

/** The loop's delay is sampled this often; readings are of the time since the last reset, at most two minutes. */
const LAG_RESOLUTION_MS = 20;
const LAG_WINDOW_MS = 60_000;

export function createVitals(options: {
  readonly server: Server;
  readonly dataDir: string;
  readonly memoryLimitBytes: number;
  /** Resident memory of this process and its children. */
  readonly rssBytes: () => number;
  readonly admission: () => AdmissionFigures;
}): VitalsReader {
  const traffic = countTraffic(options.server);
  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
  lag.enable();
  let previousLagMs = 0;
  const rotation = setInterval(() => {
    previousLagMs = p99Of(lag);
    lag.reset();
  }, LAG_WINDOW_MS).unref();
  const eventLoopLagMs = () => Math.max(p99Of(lag), previousLagMs);
  let cpu = { at: performance.now(), used: process.cpuUsage() };
  const diskUsedShare = async () => {
    const disk = await statfs(options.dataDir);
    return 1 - disk.bavail / disk.blocks;
  };
  return {
    eventLoopLagMs,
    networkIo: traffic,
    diskUsedShare,
    async read() {
      const { heapUsed } = process.memoryUsage();
      const rssBytes = options.rssBytes();
      const [at, used] = [performance.now(), process.cpuUsage(cpu.used)];
      const cpuPercent = ((used.user + used.system) / 1000 / Math.max(1, at - cpu.at)) * 100;
      cpu = { at, used: process.cpuUsage() };
      return {
        cpuPercent: round(cpuPercent),
        memoryPercent: round((rssBytes / options.memoryLimitBytes) * 100),
        rssBytes,
        heapBytes: heapUsed,
        eventLoopLagMs: round(eventLoopLagMs()),
        diskPercent: round((await diskUsedShare()) * 100),
        networkIo: traffic(),
        admission: options.admission(),
      };
    },
    close() {
      clearInterval(rotation);
      lag.disable();
    },
  };
}

/** What the delay is above the sampling interval itself. */
const p99Of = (lag: ReturnType<typeof monitorEventLoopDelay>) =>
  lag.count === 0 ? 0 : Math.max(0, lag.percentile(99) / 1e6 - LAG_RESOLUTION_MS);
const round = (n: number) => Math.round(n * 100) / 100;

/** Bytes of all connections that the server ever had. */
function countTraffic(server: Server): () => Vitals['networkIo'] {
  const open = new Set<Socket>();
  const past = { receivedBytes: 0, sentBytes: 0 };
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      past.receivedBytes += socket.bytesRead;
      past.sentBytes += socket.bytesWritten;
    });
  });
  return () => {
    const sum = { ...past };
    for (const socket of open) {
      sum.receivedBytes += socket.bytesRead;
      sum.sentBytes += socket.bytesWritten;
    }
    return sum;
  };
}
