import './styles/app.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './client/query-client.ts';
import { resumeSession } from './client/session.ts';
import { router } from './router.tsx';
import { startTheme } from './ui/theme.ts';

startTheme();
// an unreachable server is told by the shell; who is signed in shows once it answers
await resumeSession().catch(() => undefined);

createRoot(document.getElementById('app') as HTMLElement).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
