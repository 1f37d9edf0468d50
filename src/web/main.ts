import type { User } from '../contract/auth.ts';
import { readConfig, renewSession, signOut } from './api.ts';
import { askView } from './ask-view.ts';
import { element } from './element.ts';
import { libraryView } from './library-view.ts';
import { passageView } from './passage-view.ts';
import { signInView } from './sign-in-view.ts';

const app = document.querySelector<HTMLElement>('#app')!;

async function start(): Promise<void> {
  const [user, config] = await Promise.all([renewSession(), readConfig()]);
  if (user !== undefined) showWorkspace(user);
  else showSignIn();

  function showSignIn(): void {
    app.replaceChildren(signInView(config.registrationEnabled, showWorkspace));
  }

  function showWorkspace(signedIn: User): void {
    const passage = passageView();
    const library = libraryView(config, (document) =>
      passage.open({ documentId: document.id, title: document.title, page: 1 }),
    );
    const ask = askView((citation) => passage.open(citation));
    const leave = async () => {
      await signOut();
      library.close();
      showSignIn();
    };
    app.replaceChildren(
      element('a', { class: 'skip', href: '#question' }, 'Skip to the question'),
      element(
        'header',
        {},
        element('h1', {}, 'Knowledge Assistant'),
        element('span', { class: 'who' }, signedIn.email),
        element('button', { class: 'quiet', onclick: () => void leave() }, 'Sign out'),
      ),
      element('main', {}, library.root, ask, passage.root),
    );
    document.querySelector<HTMLElement>('#question')?.focus();
  }
}

start().catch((error: unknown) => {
  app.replaceChildren(
    element(
      'p',
      { class: 'fault', role: 'alert' },
      `The server can't be reached: ${error instanceof Error ? error.message : error}. Reload to try again.`,
    ),
  );
});
