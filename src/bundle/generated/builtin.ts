// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: 'e3d78ca38ccab3f162e4927fee0b85d5e4df973c3b93bc3b47bff37f20836b54',
} as const;
