import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { Task } from '../../../contract/tasks.ts';
import { activeTasksQuery } from '../../data/tasks.ts';
import * as text from '../../text/text.ts';
import { Card } from '../../ui/page.tsx';
import { Progress } from '../../ui/progress.tsx';

const MOST = 5;

/** What is being read and indexed now. @param initial until the live stream tells. */
export function ActiveCard({ initial }: { initial: readonly Task[] }) {
  const { data: tasks = initial } = useQuery(activeTasksQuery());
  if (tasks.length === 0) return null;
  return (
    <Card title={text.dashboard.active}>
      <ul className="flex flex-col gap-4">
        {tasks.slice(0, MOST).map((task) => (
          <ActiveTask key={task.id} task={task} />
        ))}
      </ul>
      {tasks.length > MOST ? (
        <p className="mt-4 text-sm text-muted">{text.dashboard.moreActive(tasks.length - MOST)}</p>
      ) : null}
    </Card>
  );
}

function ActiveTask({ task }: { task: Task }) {
  const { done, failed, total } = task.progress;
  const working = task.items.find(({ status }) => status === 'processing') ?? task.items[0];
  const percent =
    task.items.reduce((sum, item) => sum + (isOver(item.status) ? 100 : item.percent), 0) /
    Math.max(1, total);
  const name = total === 1 ? (working?.filename ?? '') : text.dashboard.taskOf(total);
  return (
    <li className="flex flex-col gap-1.5 text-sm">
      <div className="flex flex-wrap justify-between gap-x-4">
        <span className="min-w-0 truncate font-medium">
          {total === 1 && working !== undefined ? (
            <Link
              to="/library/$documentId"
              params={{ documentId: working.documentId }}
              className="rounded-sm hover:underline"
            >
              {name}
            </Link>
          ) : (
            name
          )}
        </span>
        <span className="text-muted">
          {total === 1
            ? (text.dashboard.stages[working?.stage ?? ''] ?? working?.stage)
            : text.dashboard.taskProgress(done + failed, total)}
        </span>
      </div>
      <Progress label={name} percent={percent} />
    </li>
  );
}

const isOver = (status: Task['items'][number]['status']) => status !== 'queued' && status !== 'processing';
