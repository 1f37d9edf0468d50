import type { Dashboard } from '../../../contract/dashboard.ts';
import { HourCard } from './hour-card.tsx';
import { MonthCard } from './month-card.tsx';

export const SpeedAndCost = ({ data }: { data: Dashboard }) => (
  <>
    <HourCard hour={data.lastHour} />
    <MonthCard month={data.month} />
  </>
);
