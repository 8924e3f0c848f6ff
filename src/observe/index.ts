/** Logs and metrics. */
export { eventFields } from './event_fields.ts';
export { createLog, type Log, type LogFields } from './log.ts';
export { createMetrics, type Metrics } from './metrics.ts';
