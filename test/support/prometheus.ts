/** A metric family of the Prometheus text format 0.0.4. */
export interface Family {
  readonly help: string;
  readonly type: string;
  readonly samples: {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[];
}

/**
 * Reads the text as Prometheus does.
 * @throws Error with the line that breaks the format: a sample without its family's HELP and TYPE before it, a family
 * that comes twice, the same sample twice, a histogram whose buckets fall or do not end in its count.
 */
export function parsePrometheus(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  const helps = new Map<string, string>();
  const seen = new Set<string>();
  for (const line of text.slice(0, -1).split('\n')) {
    const fault = (what: string) => new Error(`${what}: ${line}`);
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, kind, name, rest] = comment as unknown as [string, string, string, string];
      if (kind === 'HELP') {
        if (helps.has(name)) throw fault('a second HELP');
        helps.set(name, rest);
        continue;
      }
      const help = helps.get(name);
      if (help === undefined) throw fault('TYPE without HELP');
      if (!/^(gauge|counter|histogram)$/.test(rest)) throw fault('unknown type');
      if (families.has(name)) throw fault('a second TYPE');
      families.set(name, { help, type: rest, samples: [] });
      continue;
    }
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample === null) throw fault('no sample');
    const [, name, inner, number] = sample as unknown as [string, string, string | undefined, string];
    if (seen.has(line.slice(0, line.lastIndexOf(' ')))) throw fault('the same sample twice');
    seen.add(line.slice(0, line.lastIndexOf(' ')));
    const family = families.get(name) ?? families.get(name.replace(/_(bucket|sum|count)$/, ''));
    if (family === undefined) throw fault('a sample without its family');
    if (family.type === 'counter' && !name.endsWith('_total'))
      throw fault('a counter whose name does not say so');
    const value = number === '+Inf' ? Number.POSITIVE_INFINITY : Number(number);
    if (Number.isNaN(value)) throw fault('no number');
    family.samples.push({ name, labels: labelsOf(inner, fault), value });
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family);
  return families;
}

function labelsOf(inner: string | undefined, fault: (what: string) => Error): Record<string, string> {
  if (inner === undefined) return {};
  const labels: Record<string, string> = {};
  let rest = inner;
  while (rest !== '') {
    const label = /^([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/.exec(rest);
    if (label === null) throw fault('no labels');
    labels[label[1] as string] = label[2] as string;
    rest = rest.slice(label[0].length);
  }
  return labels;
}

function checkHistogram(name: string, { samples }: Family): void {
  const last = new Map<string, number>();
  for (const { name: part, labels, value } of samples) {
    const { le, ...others } = labels;
    const series = JSON.stringify(others);
    if (part === `${name}_bucket`) {
      if (value < (last.get(series) ?? 0)) throw new Error(`${name}: a bucket that falls: ${series} ${le}`);
      last.set(series, value);
    } else if (part === `${name}_count` && last.get(series) !== value)
      throw new Error(`${name}: the buckets of ${series} do not end in the count`);
  }
}
