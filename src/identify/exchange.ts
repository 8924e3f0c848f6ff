import type { JsonObject } from '../model/json.ts';
import type { Identity, Principal } from '../model/principal.ts';
import { MAX_ACTORS } from './mapping.ts';
import { tokenIds } from './revocation_marks.ts';
import { isObject } from './unverified.ts';

/** A proven token with its claims. */
export interface Proven {
  readonly identity: Identity;
  readonly claims: JsonObject;
}

/** Who the exchanged token is for, or why there is none. */
export type Exchanged =
  | { readonly principal: Principal; readonly expiresAt: number; readonly parents: readonly string[] }
  | { readonly fault: string };

/** Longest row of tokens of which one was exchanged for the next: each of them must be revocable. */
const MAX_PARENTS = 16;

/**
 * Delegation (RFC 8693): the subject stays who it is, and the actor is named in front of those that acted before. The
 * subject's token must allow that actor (`may_act`, section 4.4), within one tenant, and a chain is at most
 * `MAX_ACTORS` long. Without an actor the subject exchanges its own token. `expiresAt` is in epoch seconds: what comes
 * of two tokens ends with the first of them. `parents` are the ids of both, and of what they were exchanged for.
 */
export function exchanged(subject: Proven, actor: Proven | null): Exchanged {
  const { principal, token } = subject.identity;
  const parents = [...tokenIds(token), ...(actor ? tokenIds(actor.identity.token) : [])];
  if (parents.length > MAX_PARENTS) return { fault: 'exchanged too often, exchange the first token again' };
  if (!actor) return { principal, expiresAt: token.expiresAt, parents };
  const acting = actor.identity.principal;
  if (acting.actors.length > 0) return { fault: 'actor_token is itself a delegation' };
  if (acting.tenant !== principal.tenant) return { fault: 'subject and actor are of different tenants' };
  if (!mayAct(subject, acting)) return { fault: 'the subject token does not allow this actor (may_act)' };
  if (principal.actors.length >= MAX_ACTORS) return { fault: `more than ${MAX_ACTORS} actors` };
  return {
    principal: {
      ...principal,
      actors: [acting.subject, ...principal.actors],
      // The program that asks is now the actor.
      function: acting.function ?? principal.function,
    },
    expiresAt: Math.min(token.expiresAt, actor.identity.token.expiresAt),
    parents,
  };
}

/** A `may_act` without `iss` names an actor of the subject's own issuer. */
function mayAct({ identity, claims }: Proven, acting: Principal): boolean {
  const { may_act } = claims;
  if (!isObject(may_act)) return false;
  const { sub, iss = identity.principal.issuer, ...more } = may_act;
  // A condition that is not understood must not be taken for one that is met.
  return sub === acting.subject && iss === acting.issuer && Object.keys(more).length === 0;
}
