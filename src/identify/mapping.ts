import type { Json, JsonObject } from '../model/json.ts';
import type { Principal } from '../model/principal.ts';
import type { IssuerEntry } from './issuer.ts';
import { refusal } from './refusal.ts';
import { isObject } from './unverified.ts';

/** Longest chain of delegation that is believed (RFC 8693 section 4.1). */
export const MAX_ACTORS = 8;
const MAX_SUBJECT = 512;

/**
 * Makes the principal of verified claims, as the issuer's entry maps them. A mapped claim that is missing or of
 * another type is null (groups: none); only a subject is required. Throws `GatewayError` TOKEN_INVALID.
 */
export function mapPrincipal(claims: JsonObject, entry: IssuerEntry): Principal {
  const { map } = entry;
  return {
    tenant: entry.tenant,
    issuer: entry.issuer,
    subject: subjectOf(readClaim(claims, map.subject), 'subject'),
    kind: entry.kind,
    person: humanOf(claims, map.person),
    owner: humanOf(claims, map.owner),
    groups: groupsOf(claims, map.groups),
    function: textOf(claims, map.function),
    actors: actorsOf(claims),
    strength: textOf(claims, map.strength),
  };
}

/**
 * Reads a claim by dot path. Names of claims may hold dots themselves (`kubernetes.io`, `https://example.com/groups`),
 * so at each object the longest name that it has is taken.
 */
export function readClaim(claims: JsonObject, path: string): Json | undefined {
  const words = path.split('.');
  let node: Json | undefined = claims;
  for (let taken = 0; taken < words.length; ) {
    if (!isObject(node)) return undefined;
    let end = words.length;
    while (end > taken && !Object.hasOwn(node, words.slice(taken, end).join('.'))) end--;
    if (end === taken) return undefined;
    node = node[words.slice(taken, end).join('.')];
    taken = end;
  }
  return node;
}

/** Whether a value is a text with something in it. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function textOf(claims: JsonObject, path: string | undefined): string | null {
  if (path === undefined) return null;
  const value = readClaim(claims, path);
  return isText(value) ? value : null;
}

/** An address that its issuer calls unverified names nobody: whoever signs up could write any. Some write it as a text. */
function humanOf(claims: JsonObject, path: string | undefined): string | null {
  const unverified = claims.email_verified === false || claims.email_verified === 'false';
  const name = path === 'email' && unverified ? null : textOf(claims, path);
  return name === null ? null : humanNamed(name);
}

/** A human's name for all issuers: an address is the same human's in capitals, and they would be two where it counts. */
export function humanNamed(name: string): string {
  return name.includes('@') ? name.normalize('NFC').toLowerCase() : name;
}

function groupsOf(claims: JsonObject, path: string | undefined): readonly string[] {
  if (path === undefined) return [];
  const value = readClaim(claims, path);
  if (typeof value === 'string' && value !== '') return [value];
  if (!Array.isArray(value) || value.some((group) => typeof group !== 'string')) return [];
  return value as string[];
}

/**
 * The subjects of nested `act` claims, nearest first. What cannot be read must not look like no delegation: throws
 * `GatewayError` TOKEN_INVALID.
 */
export function actorsOf(claims: JsonObject): readonly string[] {
  const actors: string[] = [];
  for (let act = claims.act; act !== undefined; act = act.act) {
    if (!isObject(act) || actors.length === MAX_ACTORS) throw refusal('TOKEN_INVALID', 'actors');
    actors.push(subjectOf(act.sub, 'actors'));
  }
  return actors;
}

/** A value as a subject. Throws `GatewayError` TOKEN_INVALID. */
export function subjectOf(value: Json | undefined, fault: 'subject' | 'actors'): string {
  if (typeof value !== 'string' || value === '' || value.length > MAX_SUBJECT || /\p{Cc}/u.test(value)) {
    throw refusal('TOKEN_INVALID', fault);
  }
  return value;
}
