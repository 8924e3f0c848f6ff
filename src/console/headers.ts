type Headers = readonly (readonly [name: string, value: string])[];

/**
 * Only our own script and styles, nothing inline, no frame around us, and no place where text could become code: with
 * Trusted Types required and no policy allowed, the browser refuses every HTML sink.
 */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const always: Headers = [
  ['content-security-policy', contentPolicy],
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  ['referrer-policy', 'no-referrer'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['permissions-policy', 'camera=(), geolocation=(), microphone=(), usb=()'],
];

/** Headers of everything that depends on who asks: nothing of it is kept by a browser or a proxy. */
export function pageHeaders(contentType: string): Headers {
  return [...always, ['content-type', contentType], ['cache-control', 'no-store'], ['vary', 'accept, cookie']];
}

/** Headers of a file whose name changes with its content. */
export function assetHeaders(contentType: string): Headers {
  return [...always, ['content-type', contentType], ['cache-control', 'public, max-age=31536000, immutable']];
}
