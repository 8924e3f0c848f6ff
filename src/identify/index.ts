/** Who asks: verifies identity tokens of the trusted issuers and maps them to a principal. */
export { createDevelopmentIssuer, type DevelopmentIssuer, type DevelopmentToken } from './development.ts';
export { createIdentify, type Identify, type IdentifyOptions } from './identify.ts';
export type { IssuerEntry } from './issuer.ts';
export { type RevocationCheck, type RevocationKind, revocationMarks } from './revocation_marks.ts';
export { revocationRoutes } from './revocation_routes.ts';
export { createRevocations, type NewRevocation, type Revocation, type Revocations } from './revocations.ts';
