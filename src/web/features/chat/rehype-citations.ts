import { cutAtMarkers } from './citation-markers.ts';

/** The parts of an HTML tree that matter here. */
export interface TextNode {
  readonly type: 'text';
  readonly value: string;
}
export interface ElementNode {
  readonly type: 'element';
  readonly tagName: string;
  readonly properties: Readonly<Record<string, unknown>>;
  children: TreeNode[];
}
export type TreeNode = TextNode | ElementNode;
export interface RootNode {
  readonly type: 'root';
  children: TreeNode[];
}

/** Where a sentence ends: a mark of its end, closing signs, then a space or nothing. */
const SENTENCE_END = /[.!?…。！？](?:["'”’»)\]]*)(?=\s|$)/gu;
/** What is in them is no prose. */
const NO_PROSE = new Set(['code', 'pre', 'a']);

interface Options {
  readonly known: (marker: number) => boolean;
  /** Whether the support of the citation was checked and found. */
  readonly supported: (marker: number) => boolean;
}

/**
 * Turns `[1]` in prose into `citation-marker` elements, and wraps sentences whose citation does not support them into
 * `unverified-sentence`. Runs after sanitising: only these elements are added, and nothing of the text gets into them
 * but as text.
 */
export function rehypeCitations({ known, supported }: Options): () => (tree: RootNode) => void {
  const visit = (parent: RootNode | ElementNode): void => {
    const children: TreeNode[] = [];
    for (const child of parent.children) {
      if (child.type !== 'text') {
        if (child.type === 'element' && !NO_PROSE.has(child.tagName)) visit(child);
        children.push(child);
        continue;
      }
      for (const piece of cutAtMarkers(child.value, known)) {
        if (piece.kind === 'text') children.push({ type: 'text', value: piece.text });
        else {
          if (!supported(piece.marker)) wrapLastSentence(children);
          children.push({
            type: 'element',
            tagName: 'citation-marker',
            properties: { marker: String(piece.marker) },
            children: [],
          });
        }
      }
    }
    parent.children = children;
  };
  return () => visit;
}

/** What stands before a marker, back to the end of the sentence before it. */
function wrapLastSentence(before: TreeNode[]): void {
  const sentence: TreeNode[] = [];
  while (before.length > 0) {
    const last = before.at(-1) as TreeNode;
    if (
      last.type === 'element' &&
      (last.tagName === 'citation-marker' || last.tagName === 'unverified-sentence')
    )
      break;
    before.pop();
    if (last.type !== 'text') {
      sentence.unshift(last);
      continue;
    }
    const text = last.value;
    // the end right before the marker is the sentence's own
    const own = sentence.length === 0 ? text.trimEnd().length : text.length + 1;
    const end = [...text.matchAll(SENTENCE_END)]
      .map((match) => match.index + match[0].length)
      .findLast((at) => at < own);
    if (end === undefined) {
      sentence.unshift(last);
      continue;
    }
    const space = /^\s*/.exec(text.slice(end))?.[0] ?? '';
    before.push({ type: 'text', value: text.slice(0, end) + space });
    const rest = text.slice(end + space.length);
    if (rest !== '') sentence.unshift({ type: 'text', value: rest });
    break;
  }
  if (sentence.length > 0)
    before.push({ type: 'element', tagName: 'unverified-sentence', properties: {}, children: sentence });
}
