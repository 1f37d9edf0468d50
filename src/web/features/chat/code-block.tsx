import { Check, Copy } from 'lucide-react';
import { type ReactNode, useRef } from 'react';
import * as text from '../../text/text.ts';
import { IconButton } from '../../ui/button.tsx';
import { useCopy } from './use-copy.ts';

export function CodeBlock({ children }: { children: ReactNode }) {
  const block = useRef<HTMLPreElement>(null);
  const [copied, copy] = useCopy();
  return (
    <div className="relative my-3">
      <pre
        ref={block}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by keyboard too
        tabIndex={0}
        className="overflow-x-auto rounded-md border border-line bg-sunken p-4 pr-12 text-[0.8125rem] leading-relaxed [&_code]:bg-transparent [&_code]:p-0"
      >
        {children}
      </pre>
      <IconButton
        small
        label={copied ? text.chat.copied : text.chat.copyCode}
        icon={copied ? <Check className="size-4 text-good" /> : <Copy className="size-4" />}
        onClick={() => void copy(block.current?.textContent ?? '')}
        className="absolute top-2 right-2"
      />
    </div>
  );
}
