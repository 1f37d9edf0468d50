/** Moments at which a process that dies leaves something half done, in the order of a document's life. */
export const FAULT_POINTS = [
  'file-written',
  'file-kept',
  'rows-kept',
  'build-begun',
  'range-reserved',
  'pages-written',
  'passages-writing',
  'part-indexed',
  'words-complete',
  'passages-embedded',
  'vectors-written',
  'build-switching',
  'build-switched',
  'document-removed',
  'words-purged',
  'passages-purged',
  'pages-purged',
  'file-purging',
  'revision-purged',
  'migration-step',
  'backup-records-written',
  'backup-file-written',
  'restore-loaded',
  'restore-placed',
] as const;
export type FaultPoint = (typeof FAULT_POINTS)[number];

const [wanted, times = '1'] = (process.env['KA_FAULT_POINT'] ?? '').split(':');
let left = Number(times);

/**
 * Does nothing, unless a test has set `KA_FAULT_POINT` to this name: then the process is gone, as by a loss of
 * power. `name:3` stands for the third time that one thread comes by.
 */
export const faultPoint: (name: FaultPoint) => void =
  wanted === ''
    ? () => {}
    : (name) => {
        if (name === wanted && --left === 0) process.kill(process.pid, 'SIGKILL');
      };
