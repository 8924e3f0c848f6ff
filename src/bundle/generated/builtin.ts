// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: '07caa37c33a4519c403a1cdade398fdfc8271adcb8d8608536f4b72b833ad2be',
} as const;
