// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: '6585c608d035918d8b2f8de2465581f0e437111062417cae5cd335b59bfe29f3',
} as const;
