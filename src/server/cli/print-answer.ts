import type { Answer } from '../../contract/query.ts';

/** An answer with its citations as plain text, wrapped for a terminal. */
export function renderAnswer(answer: Answer, widthColumns = 88): string {
  const lines = [wrap(answer.answer, widthColumns, ''), ''];
  for (const citation of answer.citations) {
    lines.push(
      `[${citation.marker}] ${citation.title}, page ${citation.page}${citation.supported ? '' : ' (not verified)'}`,
    );
    lines.push(wrap(`“${citation.quote.replace(/\s+/g, ' ')}”`, widthColumns, '    '));
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

function wrap(text: string, width: number, indent: string): string {
  return text
    .split('\n')
    .map((paragraph) => {
      const lines: string[] = [];
      let line = indent;
      for (const word of paragraph.split(' ')) {
        if (line.length > indent.length && line.length + word.length + 1 > width) {
          lines.push(line);
          line = indent;
        }
        line += line.length > indent.length ? ` ${word}` : word;
      }
      return [...lines, line].join('\n');
    })
    .join('\n');
}
