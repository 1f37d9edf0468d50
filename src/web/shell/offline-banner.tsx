import { useQueryClient } from '@tanstack/react-query';
import { WifiOff } from 'lucide-react';
import { useEffect, useSyncExternalStore } from 'react';
import { reachable } from '../client/reachable.ts';
import * as text from '../text/text.ts';
import { toast } from '../ui/toast.tsx';

const PROBE_MS = 3000;

/** Says that the server is away, looks for it, and has everything on the page read anew when it is back. */
export function OfflineBanner() {
  const isReachable = useSyncExternalStore(reachable.subscribe, reachable.get);
  const queries = useQueryClient();
  useEffect(() => {
    const lost = () => reachable.set(false);
    addEventListener('offline', lost);
    return () => removeEventListener('offline', lost);
  }, []);
  useEffect(() => {
    if (isReachable) return;
    const probe = async () => {
      const answer = await fetch('/health', { cache: 'no-store' }).catch(() => undefined);
      if (answer?.ok !== true) return;
      reachable.set(true);
      toast({ title: text.shell.backTitle, tone: 'good' });
      void queries.invalidateQueries();
    };
    const timer = setInterval(() => void probe(), PROBE_MS);
    addEventListener('online', probe);
    return () => {
      clearInterval(timer);
      removeEventListener('online', probe);
    };
  }, [isReachable, queries]);
  return (
    // there from the start, so that what comes into it is read out
    <div role="status">
      {isReachable ? null : (
        <p className="flex items-start gap-2.5 border-b border-line bg-warn-soft px-4 py-2 text-sm text-warn">
          <WifiOff aria-hidden className="mt-0.5 size-4 shrink-0" />
          <span>
            <b className="font-semibold">{text.shell.offlineTitle}.</b> {text.shell.offlineText}
          </span>
        </p>
      )}
    </div>
  );
}
