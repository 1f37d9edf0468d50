/** Lines of JSON on standard output: `{time, level, event, …}`. Questions, texts, tokens and keys stay out. */
export interface Log {
  trace(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  fatal(event: string, fields?: LogFields): void;
  /** Whether lines of this level are written: asks before costly fields are made. */
  enabled(level: LogLevel): boolean;
}

/** An `Error` among the values is written with its stack and its causes. */
export type LogFields = Readonly<Record<string, unknown>>;

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
type LogLevel = (typeof LEVELS)[number];

/** @param write takes one whole line, with its line break. */
export function createLog(
  level: LogLevel | 'silent',
  write: (line: string) => void = (line) => void process.stdout.write(line),
): Log {
  const lowest = level === 'silent' ? LEVELS.length : LEVELS.indexOf(level);
  const enabled = (asked: LogLevel) => LEVELS.indexOf(asked) >= lowest;
  const at = (name: LogLevel) =>
    enabled(name)
      ? (event: string, fields: LogFields = {}) =>
          write(
            `${JSON.stringify({ time: new Date().toISOString(), level: name, event, ...fields }, plain)}\n`,
          )
      : () => {};
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    enabled,
  };
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (!(value instanceof Error)) return value;
  const { name, message, stack, cause, code } = value as Error & { code?: unknown };
  return {
    name,
    message,
    ...(code === undefined ? {} : { code }),
    stack,
    ...(cause === undefined ? {} : { cause }),
  };
}
