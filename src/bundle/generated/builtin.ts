// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: '8b0a3e59b159164f944cbb2bdab5abd2cccd418a91322fefbe46c5977b03b444',
} as const;
