// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: '80ce8a287bd9f611df7159dfbe57e0dd9505e310d82032d8131cc7a281b2b731',
} as const;
