import { expect, test } from 'vitest';
import { type ElementNode, type RootNode, rehypeCitations, type TreeNode } from './rehype-citations.ts';

const text = (value: string): TreeNode => ({ type: 'text', value });
const element = (tagName: string, ...children: TreeNode[]): ElementNode => ({
  type: 'element',
  tagName,
  properties: {},
  children,
});
const written = (node: RootNode | TreeNode): string => {
  if (node.type === 'text') return node.value;
  const inner = node.children.map(written).join('');
  if (node.type === 'root') return inner;
  const name = { 'citation-marker': `^${node.properties['marker']}`, 'unverified-sentence': '?' }[
    node.tagName
  ];
  return name === undefined ? `<${node.tagName}>${inner}</${node.tagName}>` : `{${name}${inner}}`;
};
const run = (unsupported: number[], ...children: TreeNode[]) => {
  const tree: RootNode = { type: 'root', children };
  rehypeCitations({ known: (n) => n <= 3, supported: (n) => !unsupported.includes(n) })()(tree);
  return written(tree);
};

test('markers in text become elements', () => {
  expect(run([], element('p', text('One. [1] Two [2][3].')))).toBe('<p>One.{^1} Two{^2}{^3}.</p>');
});
test('never in code or in links', () => {
  const code = element('p', element('code', text('a[1]')), element('a', text('[2]')));
  expect(run([1, 2], code, element('pre', element('code', text('b[3]'))))).toBe(
    '<p><code>a[1]</code><a>[2]</a></p><pre><code>b[3]</code></pre>',
  );
});
test('a sentence that its citation does not support is wrapped', () => {
  expect(run([2], element('p', text('One is so. [1] Two is not. [2] Three.')))).toBe(
    '<p>One is so.{^1}{? Two is not.}{^2} Three.</p>',
  );
  expect(run([1], element('p', text('First. Then this one [1]. Last.')))).toBe(
    '<p>First. {?Then this one}{^1}. Last.</p>',
  );
});
test('over what is strong in it, back to the end of the sentence before', () => {
  expect(
    run([1], element('p', text('Before. It is '), element('strong', text('not')), text(' so. [1]'))),
  ).toBe('<p>Before. {?It is <strong>not</strong> so.}{^1}</p>');
});
test('two markers of one sentence wrap it once', () => {
  expect(run([1, 2], element('p', text('It is so. [1][2]')))).toBe('<p>{?It is so.}{^1}{^2}</p>');
});
