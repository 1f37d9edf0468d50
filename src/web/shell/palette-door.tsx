import { lazy, type RefObject, Suspense, useEffect, useRef } from 'react';

const load = () => import('./palette.tsx');
const Palette = lazy(() => load().then((room) => ({ default: room.Palette })));
/** A shortcut begins with one of these: what it opens may be on its way by then. */
export const loadPaletteSoon = (event: KeyboardEvent) => {
  if (event.key === 'Control' || event.key === 'Meta') void load().catch(() => undefined);
};

interface PaletteDoorProps {
  readonly onClose: () => void;
  readonly onHelp: () => void;
}

/** The palette comes with its first use; what is typed until then is not lost. */
export function PaletteDoor(props: PaletteDoorProps) {
  const typedAhead = useRef('');
  return (
    <Suspense fallback={<TypeAhead into={typedAhead} onClose={props.onClose} />}>
      <Palette {...props} typedAhead={typedAhead} />
    </Suspense>
  );
}

function TypeAhead({ into, onClose }: { into: RefObject<string>; onClose: () => void }) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      // the focus is still in what lies below
      event.preventDefault();
      event.stopPropagation();
      if (event.key === 'Escape') onClose();
      else if (event.key === 'Backspace') into.current = into.current.slice(0, -1);
      else if (event.key.length === 1) into.current += event.key;
    };
    addEventListener('keydown', onKey, { capture: true });
    return () => removeEventListener('keydown', onKey, { capture: true });
  }, [into, onClose]);
  return null;
}
