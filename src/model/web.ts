/** One request to a route that answers pages, forms and OAuth calls, on either port. */
export interface WebRequest {
  readonly method: 'GET' | 'POST';
  /** Exact path, without the query. */
  readonly path: string;
  /** Values of `{name}` segments, decoded. */
  readonly params: { readonly [name: string]: string };
  readonly query: URLSearchParams;
  readonly headers: WebHeaders;
  readonly body: Uint8Array;
  /** Address of the socket's other end. */
  readonly remote: string;
}

/** Lower-case names; a header that came several times is null unless it may. */
export interface WebHeaders {
  get(name: string): string | null;
}

/** A whole answer. Handlers set every header they need but `content-length`. */
export interface WebResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** A stream of pieces is sent as they come; it is returned (`return()`) when the other side leaves. */
  readonly body: string | Uint8Array | AsyncIterable<string>;
}

/** One row of a table of routes that never forwards anything. */
export interface WebRoute {
  readonly method: 'GET' | 'POST';
  /** May hold `{name}` segments. */
  readonly path: string;
  /** Largest body in bytes; 0 for none. */
  readonly maxBytes: number;
  /** Called before any byte of the body is read; an answer refuses the request. */
  readonly admit?: (head: Omit<WebRequest, 'body'>) => WebResponse | null;
  /** Never rejects for bad input; a rejection is a fault of the gateway or a `GatewayError`. */
  readonly handler: (request: WebRequest) => Promise<WebResponse> | WebResponse;
}
