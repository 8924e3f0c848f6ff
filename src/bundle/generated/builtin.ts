// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: '2638a47191e0ed1be0fae5aa58e5115cc3f32258819100b9df5e7801b37369e5',
} as const;
