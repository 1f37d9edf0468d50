/** Letters that stand in the column beside each other; a pill's own room counts as some of them. */
const ROOM = 20;
const PILL = 4;

/** The first tags, as many as can be read at once; the first one always. */
export function tagsThatFit(tags: readonly string[]): readonly string[] {
  let left = ROOM;
  const upTo = tags.findIndex((tag, i) => {
    left -= tag.length + PILL;
    return i > 0 && left < 0;
  });
  return upTo < 0 ? tags : tags.slice(0, upTo);
}
