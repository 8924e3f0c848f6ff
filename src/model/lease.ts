/** A Claude credential with an end, and where it may be used. Held only by `credential/` and `forward/`. */
export interface Lease {
  /** Names the lease in records: role and a serial number, never the value. */
  readonly id: string;
  readonly role: string;
  /** Epoch milliseconds at which it must no longer be used; Infinity for a static key. */
  readonly expiresAt: number;
  readonly scheme: 'bearer' | 'x-api-key';
  /** The secret itself. */
  reveal(): string;
  /** Headers that go with it: organisation, workspace, betas to append. */
  readonly headers: { readonly [name: string]: string };
  readonly betas: readonly string[];
}

/** Where leases come from. Throws `GatewayError` CREDENTIAL_UNAVAILABLE or CREDENTIAL_ROLE_UNKNOWN. */
export interface Credentials {
  /** A lease that may be used now: cached, fetched once for all who wait, never past its end. */
  lease(role: string, signal: AbortSignal): Promise<Lease>;
  /** Upstream refused this lease: forget it. The next `lease()` of its role fetches anew. */
  refused(lease: Lease): void;
  /** Every secret value that is or was usable lately, for the exact-value masks. */
  secrets(): readonly string[];
  /** Called whenever `secrets()` changes. */
  onChange(listener: () => void): void;
  readonly defaultRole: string;
  /** Revokes what is ours and stops timers; bounded to a few seconds. */
  close(): Promise<void>;
}
