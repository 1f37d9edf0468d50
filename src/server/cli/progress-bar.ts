/** A line that redraws itself on a terminal; elsewhere nothing is drawn and `note` prints plain lines. */
export interface ProgressBar {
  show(done: number, total: number, what: string): void;
  note(line: string): void;
  end(): void;
}

export function createProgressBar(stream: NodeJS.WriteStream): ProgressBar {
  const onTerminal = stream.isTTY === true;
  let drawn = '';
  const clear = () => {
    if (drawn !== '') stream.write('\r\u001b[K');
    drawn = '';
  };
  return {
    show(done, total, what) {
      if (!onTerminal) return;
      const width = 24;
      const filled = total === 0 ? width : Math.floor((done / total) * width);
      const line = `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${total} ${what}`.slice(
        0,
        (stream.columns ?? 80) - 1,
      );
      if (line === drawn) return;
      stream.write(`\r${line}\u001b[K`);
      drawn = line;
    },
    note(line) {
      clear();
      stream.write(`${line}\n`);
    },
    end: clear,
  };
}
