import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** This near the end counts as being there. */
const NEAR_PX = 60;

/**
 * Keeps a scroller at its end while it grows, as long as the person is there; who scrolled up is left alone.
 *
 * @returns whether the end is out of sight, and how to get there
 */
export function useStickToBottom(
  scroller: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
): { readonly away: boolean; readonly toEnd: () => void; readonly letGo: () => void } {
  const stuck = useRef(true);
  const [away, setAway] = useState(false);
  const toEnd = useCallback(() => {
    const box = scroller.current;
    if (box === null) return;
    stuck.current = true;
    box.scrollTop = box.scrollHeight;
    setAway(false);
  }, [scroller]);
  const letGo = useCallback(() => {
    stuck.current = false;
  }, []);
  useLayoutEffect(toEnd, [toEnd]);
  useEffect(() => {
    const box = scroller.current;
    const inner = content.current;
    if (box === null || inner === null) return;
    let height = box.scrollHeight;
    const onScroll = () => {
      // growing by itself is not scrolling up
      if (box.scrollHeight !== height) return;
      const near = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
      stuck.current = near;
      setAway(!near);
    };
    const observer = new ResizeObserver(() => {
      height = box.scrollHeight;
      if (stuck.current) box.scrollTop = box.scrollHeight;
      else setAway(box.scrollHeight - box.scrollTop - box.clientHeight >= NEAR_PX);
    });
    observer.observe(inner);
    observer.observe(box);
    box.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      observer.disconnect();
      box.removeEventListener('scroll', onScroll);
    };
  }, [scroller, content]);
  return { away, toEnd, letGo };
}
