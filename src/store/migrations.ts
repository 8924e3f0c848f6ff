import type { Migration } from 'kysely/migration';

/** Schema steps of one room, by name; applied once each, in the order of their names. */
export type Migrations = { readonly [name: string]: Migration };
