import type { Json, JsonObject } from './json.ts';

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
}
