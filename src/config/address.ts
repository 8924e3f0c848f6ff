import { isIP } from 'node:net';

export interface Address {
  /** Without the brackets of IPv6. */
  readonly host: string;
  readonly port: number;
}

/** Reads `host:port` or `[ipv6]:port`; null for anything else. Port 0 means a free one. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const host = match[1] ?? match[2] ?? '';
  const port = Number(match[3]);
  if (port > 65_535 || (match[1] !== undefined && isIP(host) !== 6)) return null;
  return { host, port };
}
