/** Those whose label holds every word typed, in any case; the ones that begin with what was typed first. */
export function matching<T extends { readonly label: string }>(choices: readonly T[], typed: string): T[] {
  const wanted = typed.toLocaleLowerCase().split(/\s+/u).filter(Boolean);
  const found = choices.filter(({ label }) => {
    const text = label.toLocaleLowerCase();
    return wanted.every((word) => text.includes(word));
  });
  const starts = ({ label }: T) => label.toLocaleLowerCase().startsWith(wanted.join(' '));
  return [...found.filter(starts), ...found.filter((choice) => !starts(choice))];
}
