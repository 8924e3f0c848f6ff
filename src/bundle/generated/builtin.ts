// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: '05dfd8969d67a273217c62c3f36dba5cc3f3a56f248601bcb6bedc2d5540aa33',
} as const;
