import type { LeaseShape } from './lease.ts';

/** A credential as its source gave it. */
export interface Grant {
  readonly value: string;
  /** Epoch milliseconds at which the source ends it; Infinity where it does not. */
  readonly endsAt: number;
  /** Epoch milliseconds from which the source wants to be asked again although the value has not ended; Infinity for never. */
  readonly recheckAt: number;
}

/** Where the credential of one role comes from. */
export interface LeaseSource {
  readonly kind: 'vault_oidc' | 'static';
  readonly shape: LeaseShape;
  /** One attempt, bounded in time by itself. Rejects with `CredentialFault`. */
  fetch(): Promise<Grant>;
}
