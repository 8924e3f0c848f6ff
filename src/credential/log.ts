import type { Log } from '../observe/index.ts';

/** The log, as far as this room uses it. */
export type CredentialLog = Pick<Log, 'info' | 'warn'>;

/** Logs nothing. */
export const silentLog: CredentialLog = { info() {}, warn() {} };
