import { text } from '../../text/text.ts';
import { Page } from '../../ui/page.tsx';

export const DashboardPage = () => <Page title={text.dashboard.title}>{null}</Page>;
