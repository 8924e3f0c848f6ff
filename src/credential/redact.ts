const LONGEST_TEXT = 300;

/** Vault tokens (service, batch, recovery, and the old `s.` form), Claude credentials, JWTs. */
const secretForms =
  /(?<![A-Za-z0-9])(?:hv[sbr]\.[\w-]+|[sbr]\.[A-Za-z0-9]{8,}(?:\.[A-Za-z0-9]+)?|sk-ant-[\w-]+|eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?)/g;

/** UUIDs: AppRole role ids and secret ids look like this. */
const uuids = /\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi;

/**
 * A text of another server, fit for a log: one line, at most 300 characters, everything that looks like a token, a
 * Claude credential, a JWT or an AppRole id replaced.
 */
export function redact(text: string): string {
  const clean = text.replace(secretForms, '[redacted]').replace(uuids, '[redacted]');
  return clean.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').slice(0, LONGEST_TEXT);
}
