import { redact } from './redact.ts';

/**
 * Why a credential could not be had. `unreachable`, `timeout`, `redirect`, `protocol`, `sealed` and `unavailable` say that the
 * server does not work; the others are its answers:
 * - `denied`: 403, the token is not (or no longer) good for that
 * - `refused`: any other 4xx
 * - `throttled`: 429; `inconsistent`: 412, this replica is behind
 * - `breaker_open`: not asked, because it failed too often just before
 * - `secret`: a secret that the gateway was given cannot be read or used
 * - `closed`: the gateway is shutting down
 */
export type FaultKind =
  | 'unreachable'
  | 'timeout'
  | 'redirect'
  | 'protocol'
  | 'sealed'
  | 'unavailable'
  | 'denied'
  | 'refused'
  | 'throttled'
  | 'inconsistent'
  | 'breaker_open'
  | 'secret'
  | 'closed';

const brokenKinds: ReadonlySet<FaultKind> = new Set([
  'unreachable',
  'timeout',
  'redirect',
  'protocol',
  'sealed',
  'unavailable',
]);

/** A failure inside this room. Its message is redacted and it has no cause, so that it can be logged whole. */
export class CredentialFault extends Error {
  override readonly name = 'CredentialFault';
  readonly kind: FaultKind;
  /** HTTP status of the server, or null where there was none. */
  readonly status: number | null;

  constructor(kind: FaultKind, text: string, status: number | null = null) {
    super(`${kind}: ${redact(text)}`);
    this.kind = kind;
    this.status = status;
  }

  /** Whether it says that the server itself does not work; five of these in a row open the breaker. */
  get serverBroken(): boolean {
    return brokenKinds.has(this.kind);
  }
}

/** Makes a fault of anything thrown. Unknown errors lose their text, which may quote what was sent. */
export function toFault(thrown: unknown): CredentialFault {
  if (thrown instanceof CredentialFault) return thrown;
  return new CredentialFault('protocol', `unexpected ${thrown instanceof Error ? thrown.name : typeof thrown}`);
}
