/** Guarded HTTP for what the gateway itself fetches: deadline, size cap, no redirect, connected-address check. */
export { isLoopbackHost, isPublicAddress } from './address.ts';
export { OutboundError, type OutboundErrorCode } from './error.ts';
export {
  createOutbound,
  type Outbound,
  type OutboundOptions,
  type OutboundRequest,
  type OutboundResponse,
} from './outbound.ts';
