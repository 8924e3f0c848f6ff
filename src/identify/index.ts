/** Who asks: verifies identity tokens and assertions, maps them to a principal, and gives short tokens of its own. */
export {
  createDevelopmentIssuer,
  type DevelopmentIssuer,
  type DevelopmentToken,
  developmentReviewer,
} from './development.ts';
export { createIdentify, type Identify, type IdentifyOptions } from './identify.ts';
export type { IssuerEntry } from './issuer.ts';
export { createPeople, type People } from './people.ts';
export { revocationMarks } from './revocation_marks.ts';
export { revocationRoutes } from './revocation_routes.ts';
export { createRevocations, type Revocations } from './revocations.ts';
