import type { Approved, Credentialed } from '../model/exchange.ts';
import type { Credentials, Lease } from '../model/lease.ts';

/**
 * The `credential` step: leases the credential of the role policy named, or of the default role. Throws or rejects with
 * GatewayError CREDENTIAL_ROLE_UNKNOWN or CREDENTIAL_UNAVAILABLE.
 */
export function createCredentialStep(
  credentials: Pick<Credentials, 'lease' | 'defaultRole'>,
): (exchange: Approved) => Credentialed | Promise<Credentialed> {
  const withLease = (exchange: Approved, lease: Lease): Credentialed => ({ ...exchange, lease });
  return function credential(exchange) {
    const lease = credentials.lease(exchange.decision.credential ?? credentials.defaultRole, exchange.signal);
    return lease instanceof Promise
      ? lease.then((fetched) => withLease(exchange, fetched))
      : withLease(exchange, lease);
  };
}
