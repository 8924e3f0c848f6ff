import type { Actor } from './admin.ts';
import type { Identity } from './principal.ts';

/** Oldest login, in milliseconds, that counts as recent: for personal tokens and for verdicts. */
export const RECENT_LOGIN_MS = 900_000;

/** A person who has just proven who they are. */
export interface LoggedIn {
  readonly identity: Identity;
  /** Epoch milliseconds of the login at the identity provider. */
  readonly authenticatedAt: number;
}

/** Who sent a request to the admin port. */
export type Authenticated =
  | { readonly kind: 'operator' }
  | { readonly kind: 'person'; readonly actor: Actor; readonly session: SessionView | null };

/** A console session as pages see it; holds nothing that could be used to take it over but the form token. */
export interface SessionView {
  /** Public name, `ses_…`, by which it is revoked. */
  readonly id: string;
  readonly actor: Actor;
  /** Synchroniser token that every form of this session carries as `csrf`, or a script as `x-csrf-token`. */
  readonly csrf: string;
  /** Epoch milliseconds: it ends then at the latest. */
  readonly endsAt: number;
}

/** Checks what identity providers hand to the console; built by `identify/`. */
export interface LoginChecks {
  /**
   * The person behind an OpenID Connect ID token of a configured issuer. Rejects with `GatewayError` as the identify
   * step does.
   */
  idToken(issuerName: string, token: string, clientId: string): Promise<LoggedIn>;
  readonly saml: SamlLogins;
  /** The person behind a one-time link of the development issuer; null where that issuer is off. */
  readonly developmentLink: ((code: string) => Promise<LoggedIn>) | null;
}

/** Login by SAML 2.0: HTTP-Redirect out, HTTP-POST back. */
export interface SamlLogins {
  readonly names: readonly string[];
  /** The address to send the browser to. `forceAuthn` asks for a fresh login. Rejects for an unknown name. */
  start(name: string, request: SamlRequest): Promise<string>;
  /**
   * The person behind a posted response to the request `id`. Accepted once. Rejects with `GatewayError` TOKEN_INVALID
   * or TOKEN_EXPIRED.
   */
  finish(name: string, response: string, request: { readonly id: string; readonly acsUrl: string }): Promise<LoggedIn>;
}

export interface SamlRequest {
  /** An XML name nobody can guess; the response names it. */
  readonly id: string;
  readonly acsUrl: string;
  readonly relayState: string;
  readonly forceAuthn: boolean;
}

/** A device or command line that asks a person to let it in (RFC 8628). */
export interface DeviceRequest {
  readonly userCode: string;
  readonly client: string;
  /** Address the request came from. */
  readonly remote: string;
  /** Epoch milliseconds. */
  readonly requestedAt: number;
  /** How long the device's login will last once approved, in seconds. */
  readonly loginSeconds: number;
}

/** Where a logged-in person lets a device in; built by `identify/`. */
export interface DeviceApprovals {
  /** The open request of a user code, however it is typed, or null. */
  find(userCode: string): Promise<DeviceRequest | null>;
  /** False where the request is not open any more. */
  decide(userCode: string, verdict: 'approve' | 'deny', person: LoggedIn): Promise<boolean>;
}
