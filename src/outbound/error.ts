/**
 * Why an outbound request gave no response:
 * - `url`: the URL may not be fetched at all (scheme, user name in it); nothing was sent
 * - `address`: the host's connected address is not public, and only public ones are allowed; nothing was sent
 * - `connect`: no connection could be made (refused, unknown host, TLS, its own time limit); nothing was sent
 * - `timeout`: the total deadline passed; the request may have been received
 * - `aborted`: the caller's signal fired, or the client was closed
 * - `broken`: the connection was lost before the response was whole; the request may have been received
 * - `redirect`: the server answered 3xx; it is never followed
 * - `too_large`: the response body is larger than allowed
 * - `protocol`: the response is not HTTP as asked for (malformed, or content-encoded)
 */
export type OutboundErrorCode =
  | 'url'
  | 'address'
  | 'connect'
  | 'timeout'
  | 'aborted'
  | 'broken'
  | 'redirect'
  | 'too_large'
  | 'protocol';

/**
 * A failed outbound request. It names the host and the kind of failure and holds nothing else of the request or the
 * response (no path, headers, bodies, and no `cause`), so that it can be logged whole.
 */
export class OutboundError extends Error {
  override readonly name = 'OutboundError';
  readonly code: OutboundErrorCode;
  /** Scheme, host and port. */
  readonly origin: string;
  /** A bare word or number that says more: `ECONNREFUSED`, the status of a redirect; or null. */
  readonly detail: string | null;

  constructor(code: OutboundErrorCode, origin: string, detail: string | null = null) {
    super(`${code} at ${origin}${detail ? ` (${detail})` : ''}`);
    this.code = code;
    this.origin = origin;
    this.detail = detail;
  }

  /** True where the server cannot have seen any byte of the request, so that sending it again is safe. */
  get unsent(): boolean {
    return this.code === 'url' || this.code === 'address' || this.code === 'connect';
  }
}

/** The `code` of a system or TLS error where it is a bare word, else null. */
export function errorWord(thrown: unknown): string | null {
  const code = (thrown as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : null;
}
