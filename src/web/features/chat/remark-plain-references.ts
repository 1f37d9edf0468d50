/** The parts of a Markdown tree that matter here. */
interface Node {
  readonly type: string;
  readonly label?: string | null;
  readonly children?: Node[];
  value?: string;
}

/** A definition such as `[1]: https://…` would turn the markers of citations into links. */
export const remarkPlainReferences = () => (tree: Node) => {
  const visit = (parent: Node): void => {
    const { children } = parent;
    if (children === undefined) return;
    for (const [i, child] of children.entries()) {
      if (child.type === 'linkReference' && /^\d+$/.test(child.label ?? ''))
        children[i] = { type: 'text', value: `[${child.label}]` };
      else visit(child);
    }
  };
  visit(tree);
};
