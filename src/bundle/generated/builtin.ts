// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: 'b08d5d055a78b33b040c5cb4197a83bc7df94bfa4c5793734633c9cd868dc43b',
} as const;
