const segmenter = new Intl.Segmenter('und', { granularity: 'sentence' });

/** Start and end of each sentence, in order, covering the text. */
export const sentenceSpans = (text: string): [number, number][] =>
  Array.from(segmenter.segment(text), ({ index, segment }) => [index, index + segment.length]);
