/** Logs and metrics. */
export { createLog, type Log, type LogFields } from './log.ts';
export { createMetrics, type Metrics } from './metrics.ts';
