/** Claude credentials: leased through Vault or read from a file, cached, refreshed ahead, revoked at the end. */
export type { Clock } from './clock.ts';
export { createCredentialStep } from './credential_step.ts';
export { createCredentials } from './credentials.ts';
