import { TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import * as text from '../../text/text.ts';

/** A sentence whose passage does not bear it out. */
export const UnverifiedSentence = ({ children }: { children: ReactNode }) => (
  <span
    title={text.chat.unverified}
    className="underline decoration-warn decoration-dotted decoration-2 underline-offset-4"
  >
    {children}
    <TriangleAlert aria-hidden className="mx-1 inline size-3.5 align-[-0.15em] text-warn" />
    <span className="sr-only"> ({text.chat.unverifiedShort})</span>
  </span>
);
