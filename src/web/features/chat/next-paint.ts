/** Frames stop when the window goes behind another: then it is told late rather than never. */
const LATE_MS = 250;

/** Tells when what was just changed has been painted; at once where nothing is, because the tab is in the background. */
export function afterNextPaint(then: (atMs: number) => void): void {
  if (document.hidden) {
    then(performance.now());
    return;
  }
  const channel = new MessageChannel();
  const tell = () => {
    clearTimeout(late);
    channel.port1.close();
    then(performance.now());
  };
  const late = setTimeout(() => {
    cancelAnimationFrame(frame);
    tell();
  }, LATE_MS);
  channel.port1.onmessage = tell;
  const frame = requestAnimationFrame(() => channel.port2.postMessage(undefined));
}
