type Attributes = Record<string, string | boolean | ((event: Event) => void)>;
type Child = Node | string | undefined | false;

/**
 * Makes an element. Text always goes in as text nodes: nothing that a document, a file name or an answer
 * holds can become markup. Attributes that begin with `on` are listeners; `true` sets an empty attribute.
 */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name.slice(2), value);
    else if (value !== false) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.filter((child) => child !== undefined && child !== false));
  return made;
}
