import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import type { Document } from '../contract/documents.ts';
import { session } from './client/session.ts';
import { ErrorState } from './ui/state.tsx';

/** Every address of the app. Each page comes in a chunk of its own when it is first opened. */
const root = createRootRoute({ component: Outlet });

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;
const whole = (value: unknown): number | undefined =>
  Number.isSafeInteger(Number(value)) && value !== '' && value !== undefined && value !== null
    ? Number(value)
    : undefined;
/** Absent rather than `undefined`, so that addresses stay short. */
const given = <T extends object>(fields: T) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };

/** Only into the app: `//host` and other schemes lead elsewhere. */
const ownPath = (next: string | undefined) =>
  next !== undefined && /^\/(?![/\\])/.test(next) ? next : undefined;

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (search) => given({ next: ownPath(text(search['next'])) }),
  beforeLoad: ({ search }) => {
    if (session.get().status === 'signed-in') throw redirect({ href: search.next ?? '/' });
  },
  component: lazyRouteComponent(() => import('./features/sign-in/sign-in-page.tsx'), 'SignInPage'),
});

const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  beforeLoad: ({ location }) => {
    const { status } = session.get();
    if (status === 'signed-out' || status === 'unknown')
      throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { next: location.href } });
  },
  component: lazyRouteComponent(() => import('./shell/shell.tsx'), 'Shell'),
});

const home = createRoute({
  getParentRoute: () => app,
  path: '/',
  component: lazyRouteComponent(() => import('./features/dashboard/dashboard-page.tsx'), 'DashboardPage'),
});
const newChat = createRoute({
  getParentRoute: () => app,
  path: '/chat',
  /** `q` is asked at once; `documentId` and `collectionId` narrow the first question. */
  validateSearch: (search) =>
    given({
      q: text(search['q']),
      documentId: text(search['documentId']),
      collectionId: text(search['collectionId']),
    }),
  component: lazyRouteComponent(() => import('./features/chat/chat-page.tsx'), 'NewChatPage'),
});
const chat = createRoute({
  getParentRoute: () => app,
  path: '/chat/$conversationId',
  /** A message to scroll to. */
  validateSearch: (search) => given({ message: text(search['message']) }),
  component: lazyRouteComponent(() => import('./features/chat/chat-page.tsx'), 'ChatPage'),
});

const STATUSES: readonly string[] = [
  'queued',
  'parsing',
  'embedding',
  'ready',
  'failed',
] satisfies Document['status'][];
const library = createRoute({
  getParentRoute: () => app,
  path: '/library',
  validateSearch: (search) => {
    const status = text(search['status']);
    return given({
      q: text(search['q']),
      status: status !== undefined && STATUSES.includes(status) ? (status as Document['status']) : undefined,
      mimeType: text(search['mimeType']),
      tag: text(search['tag']),
      collectionId: text(search['collectionId']),
      sort: text(search['sort']),
    });
  },
  component: lazyRouteComponent(() => import('./features/library/library-page.tsx'), 'LibraryPage'),
});
const document = createRoute({
  getParentRoute: () => app,
  path: '/library/$documentId',
  /** `start` and `end` are offsets into the page's extracted text: the passage to mark. */
  validateSearch: (search) =>
    given({
      page: whole(search['page']),
      start: whole(search['start']),
      end: whole(search['end']),
      tab: text(search['tab']),
    }),
  component: lazyRouteComponent(() => import('./features/library/document-page.tsx'), 'DocumentPage'),
});
const collections = createRoute({
  getParentRoute: () => app,
  path: '/collections',
  component: lazyRouteComponent(
    () => import('./features/collections/collections-page.tsx'),
    'CollectionsPage',
  ),
});

const settings = createRoute({
  getParentRoute: () => app,
  path: '/settings',
  component: lazyRouteComponent(() => import('./features/settings/settings-page.tsx'), 'SettingsPage'),
});

const admin = createRoute({
  getParentRoute: () => app,
  path: '/admin',
  beforeLoad: () => {
    const state = session.get();
    if (!('user' in state) || state.user.role !== 'admin') throw redirect({ to: '/' });
  },
  component: lazyRouteComponent(() => import('./features/admin/admin-page.tsx'), 'AdminPage'),
});
const adminPart = <Path extends string, Name extends string>(path: Path, name: Name) =>
  createRoute({
    getParentRoute: () => admin,
    path,
    component: lazyRouteComponent(
      () => import('./features/admin/admin-parts.tsx') as Promise<Record<Name, React.ComponentType>>,
      name,
    ),
  });

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    app.addChildren([
      home,
      newChat,
      chat,
      library,
      document,
      collections,
      settings,
      admin.addChildren([
        adminPart('/', 'UsersPart'),
        adminPart('/usage', 'UsagePart'),
        adminPart('/performance', 'PerformancePart'),
        adminPart('/feedback', 'FeedbackPart'),
        adminPart('/jobs', 'JobsPart'),
        adminPart('/audit', 'AuditPart'),
        adminPart('/health', 'HealthPart'),
      ]),
    ]),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultNotFoundComponent: lazyRouteComponent(() => import('./shell/not-found.tsx'), 'NotFound'),
  defaultErrorComponent: ({ error, reset }) => <ErrorState error={error} onRetry={reset} />,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
