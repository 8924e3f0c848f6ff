// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: 'd4b789cad2212450638cca7b695b1103ae3bef2f86a8b1e9c0cdc5d1b76094d6',
} as const;
