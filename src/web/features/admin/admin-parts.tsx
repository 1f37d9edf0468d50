import { text } from '../../text/text.ts';
import { Page } from '../../ui/page.tsx';

export const UsersPart = () => <Page title={text.admin.title}>{null}</Page>;
export const UsagePart = UsersPart;
export const PerformancePart = UsersPart;
export const JobsPart = UsersPart;
export const AuditPart = UsersPart;
export const HealthPart = UsersPart;
