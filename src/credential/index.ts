/** Claude credentials: leased through Vault or read from a file, cached, refreshed ahead, revoked at the end. */
export { type Clock, systemClock } from './clock.ts';
export { type CredentialOptions, createCredentials } from './credentials.ts';
export type { CredentialLog } from './log.ts';
export { credentialStep } from './step.ts';
