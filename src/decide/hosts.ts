/**
 * The host that a URL names, lower-case, IPv4 in dotted form and IPv6 in brackets as the WHATWG URL standard spells
 * them (so `http://2852039166/` is `169.254.169.254`), or null where the text is no URL with a host.
 */
export function hostOf(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { protocol, hostname } = new URL(url);
  if (hostname === '') return null;
  // Only for the schemes the standard calls special are numbers in the host resolved.
  const special = protocol === 'http:' || protocol === 'https:' ? hostname : specialHost(hostname);
  return unmapped((special ?? hostname).toLowerCase().replace(/\.$/, ''));
}

/** `[::ffff:a9fe:a9fe]` reaches `169.254.169.254`, and so do the prefixes of RFC 4291 and RFC 6052. */
function unmapped(host: string): string {
  const [, high, low] = /^\[(?:::ffff:|::|64:ff9b::)([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(host) ?? [];
  if (high === undefined || low === undefined) return host;
  const number = (Number.parseInt(high, 16) << 16) | Number.parseInt(low, 16);
  return [24, 16, 8, 0].map((shift) => (number >>> shift) & 255).join('.');
}

function specialHost(host: string): string | null {
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : null;
}
