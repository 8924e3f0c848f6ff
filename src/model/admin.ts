import type { Json, JsonObject } from './json.ts';
import type { Principal } from './principal.ts';

/** One operation of the admin API, as a room provides it. `path` may hold `{name}` segments. */
export interface AdminRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  /** @throws GatewayError ADMIN_INPUT, NOT_FOUND or any other code */
  readonly handler: (request: AdminRequest) => Promise<Json> | Json;
}

export interface AdminRequest {
  readonly query: { readonly [name: string]: string };
  readonly params: { readonly [name: string]: string };
  readonly body: JsonObject;
  /** The person who asks; null for the operator token, which can give no personal verdict. */
  readonly actor: Actor | null;
}

/** A person at the admin port, who proved it by a personal token or holds a console session. */
export interface Actor {
  readonly principal: Principal;
  /** Epoch milliseconds of the login behind it; a verdict needs a recent one. */
  readonly authenticatedAt: number;
  readonly via: 'token' | 'session';
}

/** The file in the data directory that says where the admin port of the running gateway is; owner-only. */
export const adminFile = 'admin.json';

/** What `adminFile` holds: written by the gateway, read by its command line. */
export interface AdminAddress {
  readonly url: string;
  /** The operator token. */
  readonly token: string;
}
