import { Link, Outlet } from '@tanstack/react-router';
import * as text from '../../text/text.ts';
import { Page } from '../../ui/page.tsx';

const { parts } = text.admin;
const PARTS = [
  { to: '/admin', label: parts.users },
  { to: '/admin/usage', label: parts.usage },
  { to: '/admin/performance', label: parts.performance },
  { to: '/admin/feedback', label: parts.feedback },
  { to: '/admin/jobs', label: parts.jobs },
  { to: '/admin/audit', label: parts.audit },
  { to: '/admin/health', label: parts.health },
] as const;

export const AdminPage = () => (
  <Page title={text.admin.title} wide>
    <nav
      aria-label={text.admin.title}
      className="-mx-4 mb-6 overflow-x-auto border-b border-line px-4 sm:mx-0 sm:px-0"
    >
      <ul className="flex gap-1">
        {PARTS.map(({ to, label }) => (
          <li key={to}>
            <Link
              to={to}
              activeOptions={{ exact: true }}
              className="-mb-px block border-b-2 px-3 py-2 text-sm font-medium whitespace-nowrap"
              activeProps={{ className: 'border-accent-text text-accent-text' }}
              inactiveProps={{ className: 'border-transparent text-muted hover:text-ink' }}
            >
              {label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
    <Outlet />
  </Page>
);
