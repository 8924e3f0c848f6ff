// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: '26bcce5fec1e37aa4eb66be491178c4cc2050661057cd6c8bc3e0f4f1aba05cb',
} as const;
