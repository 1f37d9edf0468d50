/** How large an original is drawn: as wide as there is room, or a multiple of its size on paper. */
export type Zoom = 'fit' | number;
const STEPS = [0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3] as const;

/** @param now the size that is on the screen, also while it fits the width */
export const larger = (now: number): number => STEPS.find((step) => step > now + 0.01) ?? STEPS[7];
export const smaller = (now: number): number => STEPS.findLast((step) => step < now - 0.01) ?? STEPS[0];

/** What a key asks for; undefined: nothing. */
export function zoomKey(
  event: {
    readonly key: string;
    readonly ctrlKey: boolean;
    readonly metaKey: boolean;
    readonly altKey: boolean;
  },
  now: number,
): Zoom | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  if (event.key === '+' || event.key === '=') return larger(now);
  if (event.key === '-') return smaller(now);
  return event.key === '0' ? 'fit' : undefined;
}
