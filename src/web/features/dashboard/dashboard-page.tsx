import { useQuery } from '@tanstack/react-query';
import { Upload } from 'lucide-react';
import { lazy, Suspense, useSyncExternalStore } from 'react';
import type { Dashboard } from '../../../contract/dashboard.ts';
import { session } from '../../client/session.ts';
import { dashboardQuery } from '../../data/account.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { usePageTitle } from '../../ui/page.tsx';
import { ErrorState, Loading, Skeleton } from '../../ui/state.tsx';
import { openFilePicker } from '../../upload/uploads.ts';
import { ActiveCard } from './active-card.tsx';
import { AskBox } from './ask-box.tsx';
import { DocumentsCard } from './documents-card.tsx';
import { RecentCard } from './recent-card.tsx';

// what few see, and what is drawn further down, comes after the rest
const FirstSteps = lazy(() => import('./first-steps.tsx').then((room) => ({ default: room.FirstSteps })));
const SpeedAndCost = lazy(() =>
  import('./speed-and-cost.tsx').then((room) => ({ default: room.SpeedAndCost })),
);

const REFRESH_MS = 30_000;

export function DashboardPage() {
  usePageTitle(text.dashboard.title);
  const state = useSyncExternalStore(session.subscribe, session.get);
  const { data, error, refetch } = useQuery({ ...dashboardQuery(), refetchInterval: REFRESH_MS });
  const isEmpty = data?.documents.total === 0;
  const firstName = 'user' in state ? (state.user.name.split(/\s/u)[0] ?? '') : '';
  return (
    <div className="mx-auto w-full max-w-6xl px-4 py-6 sm:px-8 sm:py-10">
      <div className="mb-8 flex flex-wrap items-end justify-between gap-4">
        <h1 className="text-2xl font-semibold tracking-tight sm:text-3xl">
          {isEmpty ? text.dashboard.welcome(firstName) : text.dashboard.greeting(firstName)}
        </h1>
        {isEmpty ? null : (
          <Button icon={<Upload className="size-4" />} onClick={() => openFilePicker()}>
            {text.dashboard.upload}
          </Button>
        )}
      </div>
      {data !== undefined ? (
        isEmpty ? (
          <Suspense fallback={<Skeleton className="h-96" />}>
            <FirstSteps />
          </Suspense>
        ) : (
          <Numbers data={data} />
        )
      ) : error !== null ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading>
          <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
            <Skeleton className="h-32 lg:col-span-2" />
            <Skeleton className="h-64" />
            <Skeleton className="h-64" />
          </div>
        </Loading>
      )}
    </div>
  );
}

const Numbers = ({ data }: { data: Dashboard }) => (
  <div className="flex flex-col gap-5">
    <AskBox />
    <ActiveCard initial={data.activeTasks} />
    <div className="grid grid-cols-1 gap-5 lg:grid-cols-2">
      <DocumentsCard data={data} />
      <RecentCard questions={data.recentQuestions} />
      <Suspense
        fallback={
          <>
            <Skeleton className="h-96" />
            <Skeleton className="h-96" />
          </>
        }
      >
        <SpeedAndCost data={data} />
      </Suspense>
    </div>
  </div>
);
