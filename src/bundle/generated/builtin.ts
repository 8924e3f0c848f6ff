// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: 'ab41b42fc23c063c3e86d20dd8800873cbf6acb729fccb0f98abaf70e407a7ee',
} as const;
