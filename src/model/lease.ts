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
  /** Headers that go with it: organisation, workspace. */
  readonly headers: { readonly [name: string]: string };
  /** Values to append to `anthropic-beta`. */
  readonly betas: readonly string[];
}

/** Where leases come from. Throws `GatewayError` CREDENTIAL_UNAVAILABLE or CREDENTIAL_ROLE_UNKNOWN. */
export interface Credentials {
  /**
   * A lease that may be used now: cached (then at once, without a promise), or fetched once for all who wait; never
   * past its end. The signal ends the waiting of this caller, not the fetch.
   */
  lease(role: string, signal: AbortSignal): Lease | Promise<Lease>;
  /** Upstream refused this lease: forget it. The next `lease()` of its role fetches anew, at most once in a while. */
  refused(lease: Lease): void;
  /** Every secret value that is or was usable lately, for the exact-value masks. */
  secrets(): readonly string[];
  /** Called whenever `secrets()` changes, before the new lease is handed out. */
  onChange(listener: () => void): void;
  readonly defaultRole: string;
  /** Fetches the default role's lease, so that the first request need not wait. Never rejects. */
  warm(): Promise<void>;
  /** For the readiness check: `usable` is false once a fetch has failed and no role has a usable lease left. */
  health(): CredentialHealth;
  /** The roles with what each holds now, for the status page. */
  leases(): readonly LeaseState[];
  /** Revokes what is ours and stops timers; bounded to a few seconds. */
  close(): Promise<void>;
}

/** What a role holds; never the value. */
export interface LeaseState {
  readonly role: string;
  readonly source: string;
  /** Null where no usable lease is held, which is no fault before the first use. */
  readonly lease: string | null;
  /** Epoch milliseconds, Infinity for a static key; null where there is no lease. */
  readonly expiresAt: number | null;
  readonly fault: string | null;
}

export interface CredentialHealth {
  readonly usable: boolean;
  /** What is wrong at the moment, in words without secrets; null when nothing is. */
  readonly fault: string | null;
}
