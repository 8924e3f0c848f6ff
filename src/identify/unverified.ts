import { JsonFault, type JsonLimits, scan } from '../json/index.ts';
import type { Json, JsonObject } from '../model/json.ts';
import { refusal } from './refusal.ts';

/** Characters of a whole token; also what the Claude token exchange takes. */
export const MAX_TOKEN = 16_384;

/** RFC 7515 section 7.1, with a signature: five parts would be a JWE, an empty last part `alg: none`. */
const compactJws = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+$/;
const limits: JsonLimits = { depth: 16, keys: 1000, values: 10_000 };

/** Header and claims as the token states them. Nothing about them is proven yet. */
export interface Unverified {
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

/**
 * Reads a token without checking its signature, strictly, so that no other reader of the same bytes (jose) can see
 * something else: no duplicate names, no broken UTF-8. Throws `GatewayError` TOKEN_INVALID.
 */
export function readUnverified(token: string): Unverified {
  if (token.length > MAX_TOKEN) throw refusal('TOKEN_INVALID', 'size');
  const parts = compactJws.exec(token);
  if (!parts) throw refusal('TOKEN_INVALID', 'form');
  return { header: readPart(parts[1]!), claims: readPart(parts[2]!) };
}

function readPart(part: string): JsonObject {
  const bytes = Buffer.from(part, 'base64url');
  let value: Json;
  try {
    scan(bytes, limits);
    value = JSON.parse(bytes.toString()) as Json;
  } catch (error) {
    if (error instanceof JsonFault || error instanceof SyntaxError) throw refusal('TOKEN_INVALID', 'json');
    throw error;
  }
  if (!isObject(value)) throw refusal('TOKEN_INVALID', 'json');
  return value;
}

/** Whether a JSON value is an object, not an array. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
