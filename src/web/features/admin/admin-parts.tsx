/** What the router loads as one chunk: who looks at one part looks at the others. */
export { AuditPart } from './audit-part.tsx';
export { FeedbackPart } from './feedback-part.tsx';
export { HealthPart } from './health-part.tsx';
export { JobsPart } from './jobs-part.tsx';
export { PerformancePart } from './performance-part.tsx';
export { UsagePart } from './usage-part.tsx';
export { UsersPart } from './users-part.tsx';
