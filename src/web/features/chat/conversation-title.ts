const MAX_LENGTH = 80;

/** A question's first words, cut between two of them where that leaves most. */
export function conversationTitle(question: string): string {
  const line = question.replaceAll(/\s+/gu, ' ').trim();
  if (line.length <= MAX_LENGTH) return line;
  const cut = line.slice(0, MAX_LENGTH - 1);
  const space = cut.lastIndexOf(' ');
  const kept = space > MAX_LENGTH / 2 ? cut.slice(0, space) : cut.replace(/[\uD800-\uDBFF]$/, '');
  return `${kept}…`;
}
