// Written by `make policies`. The built-in bundle is trusted because its revision is this one.
export const builtin = {
  bundle: 'baseline',
  version: '1.0.0',
  bundleVersion: 1,
  revision: 'fecbc53c2286300cc13e80008daa40815b1a852dd6687df85ad89fcabcdf6dad',
} as const;
