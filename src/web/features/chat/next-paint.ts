/** Tells when what was just changed has been painted; at once where nothing is, because the tab is in the background. */
export function afterNextPaint(then: (atMs: number) => void): void {
  if (document.hidden) {
    then(performance.now());
    return;
  }
  requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      then(performance.now());
    };
    channel.port2.postMessage(undefined);
  });
}
