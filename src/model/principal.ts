/**
 * A verified identity after mapping: who asks. Built only by `identify/`, from a credential it has checked.
 *
 * `person` is one human across issuers, `owner` the human behind a workload; `null` means unknown, and an unknown
 * person never counts as somebody else.
 */
export interface Principal {
  readonly tenant: string;
  readonly issuer: string;
  readonly subject: string;
  readonly kind: 'human' | 'workload';
  readonly person: string | null;
  readonly owner: string | null;
  readonly groups: readonly string[];
  /** Which program asks, as the issuer states it. */
  readonly function: string | null;
  /** Subjects that act for `subject`, nearest first (RFC 8693 `act`). */
  readonly actors: readonly string[];
  /** How the login was made, as the issuer states it (`acr`), or null. */
  readonly strength: string | null;
}

/** A principal together with what a later check needs to know of the token that proved it. */
export interface Identity {
  readonly principal: Principal;
  readonly token: TokenFacts;
}

export interface TokenFacts {
  readonly id: string | null;
  readonly session: string | null;
  /** Ids of the tokens that this gateway exchanged for it, however often; revoking one of them revokes this. */
  readonly parents?: readonly string[];
  /** Epoch seconds. */
  readonly issuedAt: number;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

/**
 * The stable key of a principal for stored rows, conversations and fingerprints: tenant, issuer, subject and the
 * actors' subjects. The other fields are attributes that a fresh token may change.
 */
export function principalKey(principal: Principal): string {
  return JSON.stringify([principal.tenant, principal.issuer, principal.subject, principal.actors]);
}
