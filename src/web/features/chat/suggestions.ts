/** Headings that say nothing about what is under them. */
const EMPTY_WORDS =
  /^(?:abstract|introduction|contents?|table of contents|references|bibliography|index|appendix|summary|overview|conclusions?|acknowledge?ments?|preface|notes?|figures?|tables?|chapter \d+|part \w+|page \d+)$/i;
const NUMBERING = /^(?:[\divxlc]+(?:\.\d+)*[.):]?\s+)/i;
const LONGEST = 60;

export interface Suggestion {
  readonly kind: 'heading' | 'question' | 'title';
  readonly words: string;
  readonly document: { readonly id: string; readonly title: string };
}

/**
 * What can be asked of a document: its own questions first, then a heading that names something. A document without
 * telling headings is asked for its main points.
 *
 * @param headingPaths of its first passages
 */
export function suggestionOf(
  document: Suggestion['document'],
  headingPaths: readonly (readonly string[])[],
): Suggestion {
  const headings = new Set<string>();
  for (const path of headingPaths)
    for (const heading of path) {
      const words = heading.replaceAll(/\s+/gu, ' ').replace(NUMBERING, '').trim();
      if (isTelling(words) && words !== document.title) headings.add(words);
    }
  const all = [...headings];
  const question = all.find((words) => /[?？]$/.test(words));
  if (question !== undefined) return { kind: 'question', words: question, document };
  // the deeper into the document, the more it is about something of its own
  const heading = all[Math.floor(all.length / 2)];
  return heading === undefined
    ? { kind: 'title', words: document.title, document }
    : { kind: 'heading', words: heading, document };
}

function isTelling(heading: string): boolean {
  const letters = heading.match(/\p{L}/gu)?.length ?? 0;
  return (
    heading.length <= LONGEST &&
    letters >= Math.max(2, heading.length * 0.6) &&
    !/[,;:]$/.test(heading) &&
    !EMPTY_WORDS.test(heading)
  );
}
