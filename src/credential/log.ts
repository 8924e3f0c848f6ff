/** Where this room logs; pino's logger fits. */
export interface CredentialLog {
  info(fields: { readonly [name: string]: unknown }, text: string): void;
  warn(fields: { readonly [name: string]: unknown }, text: string): void;
}

/** Logs nothing. */
export const silentLog: CredentialLog = { info() {}, warn() {} };
