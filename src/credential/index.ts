/** Claude credentials: leased through Vault or read from a file, cached, refreshed ahead, revoked at the end. */
export { type Clock, systemClock } from './clock.ts';
export { createCredentialStep } from './credential_step.ts';
export { type CredentialOptions, createCredentials } from './credentials.ts';
export type { CredentialLog } from './log.ts';
