import { cloneElement, type ReactElement, type Ref, useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';

/** The pointer rests on it this long before the name shows; the next one in a row shows at once. */
const DELAY_MS = 400;
const ROW_MS = 300;
let lastHiddenMs = 0;

interface TriggerProps {
  ref?: Ref<HTMLElement>;
  onPointerEnter?: (event: React.PointerEvent<HTMLElement>) => void;
  onPointerLeave?: (event: React.PointerEvent<HTMLElement>) => void;
  onPointerDown?: (event: React.PointerEvent<HTMLElement>) => void;
  onFocus?: (event: React.FocusEvent<HTMLElement>) => void;
  onBlur?: (event: React.FocusEvent<HTMLElement>) => void;
}

/**
 * A name for what shows none. The thing itself carries it as `aria-label`, so the bubble is for eyes only. Made here
 * because a library for it is a seventh of what the first page may load.
 */
export function Tooltip({
  label,
  keys,
  children,
}: {
  label: string;
  keys?: string | undefined;
  children: ReactElement<TriggerProps>;
}) {
  const [place, setPlace] = useState<{ x: number; y: number; below: boolean }>();
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const hide = () => {
    clearTimeout(timer.current);
    setPlace((shown) => {
      if (shown !== undefined) lastHiddenMs = performance.now();
      return undefined;
    });
  };
  const show = (element: HTMLElement) => {
    const { left, width, top, bottom } = element.getBoundingClientRect();
    const below = top < 48;
    setPlace({ x: left + width / 2, y: below ? bottom + 6 : top - 6, below });
  };
  const shown = place !== undefined;
  useEffect(() => {
    if (!shown) return;
    const gone = new AbortController();
    const { signal } = gone;
    addEventListener('keydown', (event) => event.key === 'Escape' && setPlace(undefined), { signal });
    addEventListener('scroll', () => setPlace(undefined), { signal, capture: true });
    return () => gone.abort();
  }, [shown]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const own = children.props;
  const trigger = cloneElement(children, {
    onPointerEnter(event) {
      own.onPointerEnter?.(event);
      const element = event.currentTarget;
      if (event.pointerType !== 'mouse') return;
      clearTimeout(timer.current);
      timer.current = setTimeout(
        () => element.isConnected && show(element),
        performance.now() - lastHiddenMs < ROW_MS ? 0 : DELAY_MS,
      );
    },
    onPointerLeave(event) {
      own.onPointerLeave?.(event);
      hide();
    },
    onPointerDown(event) {
      own.onPointerDown?.(event);
      hide();
    },
    onFocus(event) {
      own.onFocus?.(event);
      if (event.currentTarget.matches(':focus-visible')) show(event.currentTarget);
    },
    onBlur(event) {
      own.onBlur?.(event);
      hide();
    },
  });
  return (
    <>
      {trigger}
      {place === undefined
        ? null
        : createPortal(
            <Bubble place={place}>
              {label}
              {keys === undefined ? null : <kbd className="font-sans opacity-70">{keys}</kbd>}
            </Bubble>,
            // above a modal dialog, which is in the top layer
            document.querySelector('dialog[open]') ?? document.body,
          )}
    </>
  );
}

function Bubble({
  place,
  children,
}: {
  place: { x: number; y: number; below: boolean };
  children: React.ReactNode;
}) {
  const bubble = useRef<HTMLDivElement>(null);
  const [shift, setShift] = useState(0);
  useEffect(() => {
    const { left, right } = (bubble.current as HTMLDivElement).getBoundingClientRect();
    if (left < 8) setShift(8 - left);
    else if (right > innerWidth - 8) setShift(innerWidth - 8 - right);
  }, []);
  return (
    <div
      ref={bubble}
      aria-hidden
      className="pointer-events-none fixed z-60 flex w-max items-center gap-2 rounded-md bg-ink px-2 py-1 text-xs text-bg shadow-high"
      style={{
        left: place.x,
        top: place.y,
        transform: `translate(calc(-50% + ${shift}px), ${place.below ? '0' : '-100%'})`,
      }}
    >
      {children}
    </div>
  );
}
