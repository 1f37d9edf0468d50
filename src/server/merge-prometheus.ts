/**
 * Prometheus texts of several processes as one: each sample gets a label that says whose it is, so that sums are left to
 * whoever asks (`sum by (route)`), and a metric's description stands once.
 *
 * @param texts by the label's value.
 */
export function mergePrometheus(texts: ReadonlyMap<string, string>, label: string): string {
  const metrics = new Map<string, { readonly head: readonly string[]; readonly samples: string[] }>();
  for (const [whose, text] of texts) {
    let head: string[] = [];
    let samples: string[] = [];
    for (const line of text.split('\n')) {
      if (line.startsWith('# HELP ')) head = [line];
      else if (line.startsWith('# TYPE ')) {
        const name = line.split(' ')[2] ?? '';
        const known = metrics.get(name) ?? { head: [...head, line], samples: [] };
        metrics.set(name, known);
        samples = known.samples;
      } else if (line !== '') samples.push(labelled(line, label, whose));
    }
  }
  return [...metrics.values()].map(({ head, samples }) => `${[...head, ...samples].join('\n')}\n`).join('');
}

/** `name{route="a"} 1` and `name 1`. */
function labelled(line: string, label: string, value: string): string {
  const brace = line.indexOf('{');
  const space = line.indexOf(' ');
  const own = `${label}="${value}"`;
  return brace !== -1 && brace < space
    ? `${line.slice(0, brace + 1)}${own},${line.slice(brace + 1)}`
    : `${line.slice(0, space)}{${own}}${line.slice(space)}`;
}
