import { useEffect, useState } from 'react';
import * as text from '../../text/text.ts';
import { toastError } from '../../ui/toast.tsx';

const SHOWN_MS = 2000;

/** Copies, and says so for a moment. */
export function useCopy(): [boolean, (words: string) => Promise<void>] {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return [
    copied,
    async (words) => {
      try {
        await navigator.clipboard.writeText(words);
        setCopied(true);
      } catch (error) {
        toastError(error, text.chat.copyFault);
      }
    },
  ];
}
