export interface Selection {
  readonly ids: ReadonlySet<string>;
  /** Where the next range begins. */
  readonly anchor: string | undefined;
}
export const NOTHING_SELECTED: Selection = { ids: new Set(), anchor: undefined };

/** Switches one; with `range`, all from the anchor to it become what it becomes. */
export function toggle(
  { ids, anchor }: Selection,
  id: string,
  shown: readonly string[],
  range: boolean,
): Selection {
  const next = new Set(ids);
  const on = !ids.has(id);
  const from = range && anchor !== undefined ? shown.indexOf(anchor) : -1;
  const to = shown.indexOf(id);
  const between = from < 0 || to < 0 ? [id] : shown.slice(Math.min(from, to), Math.max(from, to) + 1);
  for (const each of between) {
    if (on) next.add(each);
    else next.delete(each);
  }
  return { ids: next, anchor: id };
}

/** Without what is no longer there. The same object when all is. */
export function only(selection: Selection, there: (id: string) => boolean): Selection {
  const ids = [...selection.ids].filter(there);
  return ids.length === selection.ids.size ? selection : { ...selection, ids: new Set(ids) };
}
