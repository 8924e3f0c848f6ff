import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Everything the gateway counts. Labels are closed sets; no ids, names or models in them. */
export interface Metrics {
  readonly requests: Counter<'route' | 'outcome' | 'reason'>;
  readonly duration: Histogram<'route'>;
  readonly admission: Histogram<'route'>;
  readonly active: Gauge;
  readonly decisions: Counter<'point' | 'effect'>;
  readonly masks: Counter<'class'>;
  readonly rejected: Counter<'code'>;
  readonly bundle: Gauge<'name' | 'version' | 'revision'>;
  /** Unix time at which the active bundle expires and every request is refused; absent where it has no end. */
  readonly bundleExpires: Gauge;
  readonly bundleFailures: Counter;
  readonly held: Gauge;
  readonly ready: Gauge<'check'>;
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Makes the metrics of one gateway, in a registry of its own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, prefix: 'sallyport_' });
  return {
    requests: new Counter({
      name: 'sallyport_requests_total',
      help: 'Requests by route, outcome and reason of refusal',
      labelNames: ['route', 'outcome', 'reason'],
      registers,
    }),
    duration: new Histogram({
      name: 'sallyport_request_duration_seconds',
      help: 'From the request line to the end of the answer',
      labelNames: ['route'],
      buckets: seconds,
      registers,
    }),
    admission: new Histogram({
      name: 'sallyport_admission_seconds',
      help: 'From the request line to the moment the request is forwarded',
      labelNames: ['route'],
      buckets: seconds,
      registers,
    }),
    active: new Gauge({ name: 'sallyport_requests_active', help: 'Requests being answered', registers }),
    decisions: new Counter({
      name: 'sallyport_decisions_total',
      help: 'Policy decisions by point and effect',
      labelNames: ['point', 'effect'],
      registers,
    }),
    masks: new Counter({
      name: 'sallyport_masks_total',
      help: 'Masks applied, by detector class',
      labelNames: ['class'],
      registers,
    }),
    rejected: new Counter({
      name: 'sallyport_input_rejected_total',
      help: 'Input that the HTTP parser refused',
      labelNames: ['code'],
      registers,
    }),
    bundle: new Gauge({
      name: 'sallyport_bundle_info',
      help: 'The active policy bundle',
      labelNames: ['name', 'version', 'revision'],
      registers,
    }),
    bundleExpires: new Gauge({
      name: 'sallyport_bundle_expires_timestamp_seconds',
      help: 'When the active policy bundle expires; nothing is served after it',
      registers,
    }),
    held: new Gauge({ name: 'sallyport_requests_held', help: 'Callers that wait for humans', registers }),
    ready: new Gauge({
      name: 'sallyport_ready',
      help: 'Checks of /readyz: 1 where it holds',
      labelNames: ['check'],
      registers,
    }),
    bundleFailures: new Counter({
      name: 'sallyport_bundle_activation_failures_total',
      help: 'Bundles that were refused',
      registers,
    }),
    render: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
