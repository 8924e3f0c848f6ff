// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: '52b96fed2b86c7f79be326475be144395aeec84b65576c6070adb70e3a4204b6',
} as const;
