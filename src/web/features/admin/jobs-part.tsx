import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { RotateCw } from 'lucide-react';
import { useState } from 'react';
import type { AdminJob } from '../../../contract/system.ts';
import { jobsQuery, retryJob } from '../../data/admin.ts';
import { formatAgo, formatDateTime } from '../../text/format.ts';
import * as text from '../../text/text.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Table } from '../../ui/table.tsx';
import { toast, toastError } from '../../ui/toast.tsx';
import { Listing } from './listing.tsx';

const { work } = text.admin;
const STATES = Object.keys(work.states) as AdminJob['state'][];

export function JobsPart() {
  const [state, setState] = useState<AdminJob['state']>('failed');
  const query = useInfiniteQuery({ ...jobsQuery(state), refetchInterval: 10_000 });
  const queries = useQueryClient();
  const retry = useMutation({
    mutationFn: retryJob,
    onSuccess: () => toast({ title: work.retried, tone: 'good' }),
    onError: (error) => toastError(error),
    onSettled: () => queries.invalidateQueries({ queryKey: ['admin', 'jobs'] }),
  });
  return (
    <div className="flex flex-col gap-4">
      <div className="w-48">
        <Field label={work.state}>
          {(tie) => (
            <Select
              {...tie}
              value={state}
              onChange={(event) => setState(event.target.value as AdminJob['state'])}
            >
              {STATES.map((each) => (
                <option key={each} value={each}>
                  {work.states[each]}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      <Listing query={query} none={work.none[state]}>
        {(jobs) => (
          <Table
            label={text.admin.parts.jobs}
            rows={jobs}
            keyOf={({ id }) => id}
            columns={[
              {
                label: work.kind,
                cell: (job) => (
                  <>
                    <p className="font-medium whitespace-nowrap">{work.kinds[job.kind] ?? job.kind}</p>
                    <p className="text-muted">{work.attempt(job.attempt)}</p>
                  </>
                ),
              },
              {
                label: work.document,
                cell: (job) => <code className="text-xs text-muted">{job.documentId ?? '–'}</code>,
              },
              {
                label: work.lastError,
                cell: (job) => <p className="max-w-xl min-w-48">{job.lastError ?? '–'}</p>,
              },
              {
                label: work.created,
                cell: (job) => (
                  <time
                    dateTime={job.createdAt}
                    title={formatDateTime(job.createdAt)}
                    className="whitespace-nowrap"
                  >
                    {formatAgo(job.createdAt)}
                  </time>
                ),
              },
              {
                label: work.retry,
                hideLabel: true,
                cell: (job) =>
                  job.state === 'failed' ? (
                    <Button
                      size="sm"
                      icon={<RotateCw className="size-4" />}
                      busy={retry.isPending && retry.variables === job.id}
                      onClick={() => retry.mutate(job.id)}
                    >
                      {work.retry}
                    </Button>
                  ) : null,
              },
            ]}
          />
        )}
      </Listing>
    </div>
  );
}
