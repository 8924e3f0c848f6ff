/** A JSON value as JavaScript holds it. Numbers lose their spelling here: where bytes matter, read `body.ts`. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}
