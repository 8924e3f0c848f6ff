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
  return (special ?? hostname).toLowerCase().replace(/\.$/, '');
}

function specialHost(host: string): string | null {
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : null;
}
