/** `high`: caches give memory back. `critical`: new heavy work is refused too. */
export type MemoryLevel = 'normal' | 'high' | 'critical';

export interface MemoryReading {
  /** Resident memory of this process and all of its children; the pages of files that they share count once. */
  readonly rssBytes: number;
  /** This one included. */
  readonly processes: number;
}

/** Tells how much of its memory limit the service takes. */
export interface MemoryWatch {
  readonly limitBytes: number;
  /** As of the last sample. */
  level(): MemoryLevel;
  /** The last sample. */
  reading(): MemoryReading;
  /** @throws AppError OVERLOADED, with the time after which to come back, while the level is critical. */
  admit(): void;
  /** Calls `listener` whenever the level has changed. */
  onChange(listener: (level: MemoryLevel) => void): void;
  /** Counts what was refused since the start. */
  refused(): number;
  close(): void;
}
