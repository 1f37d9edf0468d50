import { lazy, Suspense, useSyncExternalStore } from 'react';
import { session } from '../client/session.ts';

const PasswordDialog = lazy(() =>
  import('./password-dialog.tsx').then((room) => ({ default: room.PasswordDialog })),
);

/** Asks for the password over the page, which stays as it is; calls that wait go on afterwards. */
export function ExpiredSession() {
  const state = useSyncExternalStore(session.subscribe, session.get);
  if (state.status !== 'expired') return null;
  return (
    <Suspense>
      <PasswordDialog key={state.user.id} email={state.user.email} />
    </Suspense>
  );
}
