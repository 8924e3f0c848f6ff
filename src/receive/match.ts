/**
 * The values of the `{name}` segments of a pattern where a path matches it, decoded; null where it does not. Segments
 * are compared as they were sent.
 */
export function matchPath(pattern: string, path: string): { readonly [name: string]: string } | null {
  const expected = pattern.split('/');
  const actual = path.split('/');
  if (expected.length !== actual.length) return null;
  const params: { [name: string]: string } = {};
  for (let i = 0; i < expected.length; i++) {
    const name = /^\{(\w+)\}$/.exec(expected[i]!)?.[1];
    if (name === undefined) {
      if (expected[i] !== actual[i]) return null;
    } else {
      try {
        params[name] = decodeURIComponent(actual[i]!);
      } catch {
        return null;
      }
    }
  }
  return params;
}
