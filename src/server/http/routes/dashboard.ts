import { dashboard } from '../../../contract/dashboard.ts';
import type { Task } from '../../../contract/tasks.ts';
import { countOwn, monthOf, recentQuestions } from '../../records/dashboard.ts';
import { now } from '../../records/ids.ts';
import { activeTasks, readTask } from '../../records/tasks.ts';
import { readProfile } from '../../records/users.ts';
import type { App } from '../app-types.ts';
import type { LastHour } from '../last-hour.ts';
import type { Services } from '../services.ts';

const ACTIVE_TASKS = 5;
const MB = 1024 * 1024;

export function registerDashboardRoutes(app: App, { db, config }: Services, lastHour: LastHour): void {
  app.get(
    '/api/v1/dashboard',
    { config: { access: 'read', mayLag: true }, schema: { response: { 200: dashboard } } },
    async ({ caller: { userId } }) => {
      const profile = await readProfile(db, userId);
      const tasks: Task[] = [];
      for (const id of await activeTasks(db, userId, ACTIVE_TASKS)) {
        const task = await readTask(db, id, userId);
        if (task !== undefined) tasks.push(task);
      }
      return {
        ...(await countOwn(db, userId)),
        storage: {
          usedBytes: profile.usedBytes,
          quotaBytes:
            profile.quotaMb === null ? (config.uploads.userQuotaBytes ?? null) : profile.quotaMb * MB,
        },
        recentQuestions: await recentQuestions(db, userId),
        activeTasks: tasks,
        lastHour: lastHour.of(userId),
        month: { ...(await monthOf(db, userId, now().slice(0, 10))), budgetUsd: profile.monthlyBudgetUsd },
      };
    },
  );
}
