import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { WifiOff } from 'lucide-react';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { reachable } from '../../client/reachable.ts';
import { resumeSession, session } from '../../client/session.ts';
import { configQuery } from '../../data/account.ts';
import * as text from '../../text/text.ts';
import { usePageTitle } from '../../ui/page.tsx';
import { PromisePanel } from './promise-panel.tsx';
import { type Kind, SignInForm } from './sign-in-form.tsx';

const words = text.signIn;
const RETRY_MS = 3000;

export function SignInPage() {
  const [kind, setKind] = useState<Kind>('login');
  usePageTitle(kind === 'login' ? words.signIn : words.register);
  useLeaveWhenSignedIn();
  const { data: config } = useQuery({
    ...configQuery(),
    refetchInterval: ({ state }) => (state.status === 'error' ? RETRY_MS : false),
  });
  useResume(config !== undefined);
  const isReachable = useSyncExternalStore(reachable.subscribe, reachable.get);
  const mayRegister = config?.registrationEnabled ?? false;
  return (
    <div className="grid min-h-full lg:grid-cols-2">
      <main className="flex flex-col justify-center px-5 py-10 sm:px-12">
        <div className="mx-auto w-full max-w-sm">
          <p className="mb-10 flex items-center gap-2.5 font-semibold">
            <img src="/icon.svg" alt="" className="size-9" />
            {text.ui.appName}
          </p>
          <div role="status">
            {isReachable ? null : (
              <p className="mb-6 flex items-center gap-2.5 rounded-md bg-warn-soft px-3 py-2 text-sm text-warn">
                <WifiOff aria-hidden className="size-4 shrink-0" />
                <span>
                  <b className="font-semibold">{words.awayTitle}.</b> {words.awayText}
                </span>
              </p>
            )}
          </div>
          <h1 className="text-2xl font-semibold tracking-tight">
            {kind === 'login' ? words.heading : words.registerHeading}
          </h1>
          <p className="mt-2 mb-7 text-muted">{words.lead}</p>
          <SignInForm key={kind} kind={kind} />
          {mayRegister || kind === 'register' ? (
            <p className="mt-6 text-sm text-muted">
              {kind === 'login' ? words.toRegister : words.toSignIn}{' '}
              <button
                type="button"
                className="rounded-sm font-medium text-accent-text underline-offset-4 hover:underline"
                onClick={() => setKind(kind === 'login' ? 'register' : 'login')}
              >
                {kind === 'login' ? words.register : words.signIn}
              </button>
            </p>
          ) : null}
        </div>
      </main>
      <PromisePanel />
    </div>
  );
}

/** To where the person was going, whether they signed in here, in another tab, or were all the time. */
function useLeaveWhenSignedIn(): void {
  const router = useRouter();
  const { next } = getRouteApi('/sign-in').useSearch();
  const { status } = useSyncExternalStore(session.subscribe, session.get);
  useEffect(() => {
    if (status === 'signed-in') void router.navigate({ href: next ?? '/', replace: true });
  }, [status, next, router]);
}

/** The server was away when the page began: who is signed in is asked again once it answers. */
function useResume(isAnswering: boolean): void {
  useEffect(() => {
    if (isAnswering && session.get().status === 'unknown') void resumeSession().catch(() => undefined);
  }, [isAnswering]);
}
