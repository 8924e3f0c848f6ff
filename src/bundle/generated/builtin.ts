// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: '70be2112a7d8e8bea051d9c599924656a626fa51e90e05b1878dd84b5970aa3a',
} as const;
