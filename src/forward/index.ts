/** The way to Claude and the parts of the way back that touch bytes: HTTP client, headers, SSE, hold, relay. */
export { createForward, type ForwardOptions } from './forward.ts';
export { createHoldStep } from './hold.ts';
export { createCorrectStep } from './stop_reason.ts';
export type { WayBack } from './stream.ts';
export { createUpstream, type Upstream } from './upstream.ts';
