import { useQuery } from '@tanstack/react-query';
import { Files, FileUp, type LucideIcon, Quote, ShieldCheck, Sparkles } from 'lucide-react';
import { useState } from 'react';
import { activeTasksQuery } from '../../data/tasks.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState } from '../../ui/state.tsx';
import { toastError } from '../../ui/toast.tsx';
import { openFilePicker } from '../../upload/uploads.ts';
import { takeSample } from './sample.ts';

const ICONS = [Files, Quote, ShieldCheck];

/** Nothing is here yet: the way to the first answer. */
export function FirstSteps() {
  const [fetching, setFetching] = useState(false);
  const { data: active } = useQuery(activeTasksQuery());
  const addSample = async () => {
    setFetching(true);
    try {
      await takeSample();
    } catch (error) {
      toastError(error);
      setFetching(false);
    }
  };
  return (
    <>
      <div className="rounded-xl border-2 border-dashed border-line bg-surface py-6">
        <EmptyState
          icon={<FileUp className="size-7" />}
          title={text.dashboard.emptyTitle}
          actions={
            <>
              <Button look="primary" onClick={() => openFilePicker()}>
                {text.dashboard.upload}
              </Button>
              <Button
                icon={<Sparkles className="size-4" />}
                busy={fetching || (active?.length ?? 0) > 0}
                onClick={() => void addSample()}
              >
                {text.dashboard.sample}
              </Button>
            </>
          }
        >
          {text.dashboard.emptyText}
        </EmptyState>
      </div>
      <ul className="mt-8 grid gap-x-8 gap-y-6 sm:grid-cols-3">
        {text.dashboard.points.map(([title, what], i) => {
          const Icon = ICONS[i] as LucideIcon;
          return (
            <li key={title} className="flex flex-col gap-1.5 text-sm">
              <Icon aria-hidden className="mb-1 size-5 text-accent-text" />
              <h3 className="font-semibold">{title}</h3>
              <p className="text-muted">{what}</p>
            </li>
          );
        })}
      </ul>
    </>
  );
}
