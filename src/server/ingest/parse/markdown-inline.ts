/** Marks of emphasis and addresses of links go, since they are not what a reader sees; code stays as it is. */
export function inline(text: string): string {
  if (!/[*_`[\]<\\~&]/.test(text)) return text;
  if (!text.includes('`')) return withoutMarks(text);
  // marks in code are code: it waits outside while the text around loses its own
  const spans: string[] = [];
  const marked = text
    .replace(/[\ue000\ue001]/g, '')
    .replace(/\\`|(`{1,3})(?!`)([^`]{1,1000})\1(?!`)/g, (whole, _marks, code: string | undefined) =>
      code === undefined ? whole : `\ue000${spans.push(code.trim()) - 1}\ue001`,
    );
  return withoutMarks(marked).replace(/\ue000(\d+)\ue001/g, (_, at: string) => spans[Number(at)] ?? '');
}

/** Bounded repetitions keep each of these linear. */
const withoutMarks = (text: string): string =>
  text
    .replace(/!\[([^\]\n]{0,300})\]\((?:[^()\n]|\([^()\n]{0,200}\)){0,600}\)/g, '$1')
    .replace(/\[([^[\]\n]{1,500})\]\((?:[^()\n]|\([^()\n]{0,200}\)){0,600}\)/g, '$1')
    .replace(/\[([^[\]\n]{1,500})\]\[[^[\]\n]{0,200}\]/g, '$1')
    .replace(/<(https?:\/\/[^<>\s]{1,500})>/g, '$1')
    .replace(
      /<\/?(?:a|b|i|em|strong|code|sub|sup|span|br|p|div|img|kbd|small|u|s|del|ins|details|summary|center|font|picture|source)(?:\s[^<>\n]{0,500})?\/?>/gi,
      ' ',
    )
    .replace(/(^|[^\w*])(\*{1,3})(?=\S)([^*\n]{0,500}[^*\s])\2(?!\w)/g, '$1$3')
    .replace(/(^|[^\w_])(_{1,3})(?=\S)([^_\n]{0,500}[^_\s])\2(?!\w)/g, '$1$3')
    .replace(/~~([^~\n]{1,500})~~/g, '$1')
    .replace(/\\([\\`*_{}[\]()#+\-.!|<>~])/g, '$1')
    .replace(/&(amp|lt|gt|quot|nbsp|#39);/g, (_, name: string) => ENTITIES[name] ?? '');

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  nbsp: ' ',
  '#39': "'",
};
