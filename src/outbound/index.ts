/** Guarded HTTP for what the gateway itself fetches: deadline, size cap, no redirect, connected-address check. */
export { isPublicAddress } from './address.ts';
export { OutboundError } from './error.ts';
export { createOutbound, type Outbound, type OutboundRequest, type OutboundResponse } from './outbound.ts';
