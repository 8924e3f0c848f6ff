type Header = readonly [name: string, value: string];

/** A cookie of the console: for this host alone, unread by scripts, never sent with a request of another site. */
export interface Cookie {
  /** The value in a `cookie` header; null where it is missing or there are two of that name. */
  read(header: string | null): string | null;
  set(value: string, maxAgeSeconds: number): Header;
  clear(): Header;
}

/**
 * A cookie `name`. With https it has the prefix `__Host-` (RFC 6265bis section 4.1.3.2), so that no other host of the
 * domain can set it; `secure` is asked each time. Over plain http on loopback there is no such prefix.
 */
export function createCookie(name: string, secure: () => boolean): Cookie {
  const fullName = () => (secure() ? `__Host-sallyport-${name}` : `sallyport-${name}`);
  const header = (value: string, maxAge: number): Header => [
    'set-cookie',
    `${fullName()}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure() ? '; Secure' : ''}`,
  ];
  return {
    read(cookies) {
      const own = fullName();
      const values = (cookies ?? '')
        .split(';')
        .map((pair) => pair.trim().split('=', 2))
        .filter(([key]) => key === own);
      const [first, second] = values;
      return first && !second && /^[A-Za-z0-9_-]{20,128}$/.test(first[1] ?? '') ? first[1]! : null;
    },
    set: (value, maxAgeSeconds) => header(value, maxAgeSeconds),
    clear: () => header('', 0),
  };
}
