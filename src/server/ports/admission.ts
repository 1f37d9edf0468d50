/** Decides how much work that requests cause goes on at a time. */
export interface Admission {
  /**
   * A place for the work, as soon as it is `userId`'s turn; call the answer to give it back, more often does no harm.
   * @throws AppError OVERLOADED, with the time after which to come back; the signal's reason once it is aborted.
   */
  enter(userId: string, signal: AbortSignal): Promise<() => void>;
  /** @throws AppError OVERLOADED while the main thread is far behind with all that it does. */
  pass(): void;
  figures(): AdmissionFigures;
  close(): void;
}

export interface AdmissionFigures {
  /** Places, as load has it now. */
  readonly limit: number;
  readonly inFlight: number;
  readonly queued: number;
  /** Since the start: refused because too many waited or the wait was too long, and because the main thread was behind. */
  readonly shed: { readonly queue: number; readonly behind: number };
  /** Whether other work, such as taking documents in, is asked to give way. */
  readonly busy: boolean;
}
