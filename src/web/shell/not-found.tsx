import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import * as text from '../text/text.ts';
import { buttonClass } from '../ui/button.tsx';
import { usePageTitle } from '../ui/page.tsx';

/** An address that leads nowhere. Like any page, but outside the app: it may be nobody's. */
export function NotFound() {
  usePageTitle(text.shell.notFoundTitle);
  return (
    <main className="mx-auto flex min-h-full max-w-md flex-col items-center justify-center gap-3 px-4 py-12 text-center">
      <div className="rounded-xl bg-accent-soft p-3 text-accent-text">
        <Compass aria-hidden className="size-7" />
      </div>
      <h1 className="text-xl font-semibold">{text.shell.notFoundTitle}</h1>
      <p className="text-muted">{text.shell.notFoundText}</p>
      <Link to="/" className={`${buttonClass('primary')} mt-2`}>
        {text.shell.toHome}
      </Link>
    </main>
  );
}
