// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: '95dfe0898d014e3f797eb289d8b024b161be01c3c9abe6c244478b72513446ee',
} as const;
