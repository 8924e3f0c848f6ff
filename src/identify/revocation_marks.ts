import type { Identity, TokenFacts } from '../model/principal.ts';

/** What a revocation names: one token, everything of a subject, or one login session. */
export type RevocationKind = 'jti' | 'sub' | 'sid';

/** The check on the way of every request. */
export interface RevocationCheck {
  /** Whether any of the marks is revoked now. */
  revoked(marks: readonly string[]): boolean;
}

/** The mark of a revocation. An empty issuer stands for every issuer. */
export function revocationMark(kind: RevocationKind, issuer: string, value: string): string {
  return JSON.stringify([kind, issuer, value]);
}

/** The ids of a token and of those it was exchanged for. */
export function tokenIds({ id, parents = [] }: TokenFacts): readonly string[] {
  return id === null ? parents : [id, ...parents];
}

/** All marks under which an identity could be revoked. Who acts for a subject can be revoked like the subject. */
export function revocationMarks({ principal, token }: Identity): readonly string[] {
  const marks: string[] = [];
  for (const issuer of ['', principal.issuer]) {
    for (const id of tokenIds(token)) marks.push(revocationMark('jti', issuer, id));
    if (token.session !== null) marks.push(revocationMark('sid', issuer, token.session));
    for (const subject of [principal.subject, ...principal.actors]) marks.push(revocationMark('sub', issuer, subject));
  }
  return marks;
}
