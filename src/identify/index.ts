/** Who asks: verifies identity tokens and assertions, maps them to a principal, and gives short tokens of its own. */
export {
  createDevelopmentIssuer,
  type DevelopmentIssuer,
  type DevelopmentToken,
  developmentReviewer,
} from './development.ts';
export { createGatewayTokens, type GatewayTokens } from './gateway_tokens.ts';
export { createIdentify, type Identify, type IdentifyOptions } from './identify.ts';
export type { IssuerEntry } from './issuer.ts';
export { createPeople, type People, type PeopleOptions } from './people.ts';
export { type RevocationCheck, type RevocationKind, revocationMarks } from './revocation_marks.ts';
export { revocationRoutes } from './revocation_routes.ts';
export { createRevocations, type NewRevocation, type Revocation, type Revocations } from './revocations.ts';
