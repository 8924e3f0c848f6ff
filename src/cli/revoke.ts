import type { Writable } from 'node:stream';
import { StartError } from '../errors.ts';
import type { JsonObject } from '../model/json.ts';
import type { AdminClient } from './admin_client.ts';

/** What `revoke` takes from the command line; exactly one of the first three. */
export interface RevokeOptions {
  readonly subject?: string;
  readonly jti?: string;
  readonly session?: string;
  /** Exact `iss`; absent: whatever issuer. */
  readonly issuer?: string;
  /** RFC 3339 time at which the revocation ends; absent: never. */
  readonly until?: string;
}

const path = '/admin/v1/revocations';

/** `sallyport revoke`: refuses a token, a session or all of a subject from now on. Rejects with `StartError`. */
export async function revokeCommand(options: RevokeOptions, admin: AdminClient, output: Writable): Promise<number> {
  const named = [
    { kind: 'sub', value: options.subject },
    { kind: 'jti', value: options.jti },
    { kind: 'sid', value: options.session },
  ].filter(({ value }) => value !== undefined);
  if (named.length !== 1) throw new StartError('Name exactly one of --subject, --jti and --session.');
  const { kind, value } = named[0]!;
  const added = (await admin.post(path, {
    kind,
    value: value!,
    issuer: options.issuer ?? '',
    until: options.until === undefined ? null : readTime(options.until),
  })) as JsonObject;
  output.write(`revoked ${line(added)}\n`);
  return 0;
}

/** `sallyport revoke list`: the revocations in force, newest first, one a line or as JSON. */
export async function revokeListCommand(
  options: { readonly json?: boolean },
  admin: AdminClient,
  output: Writable,
): Promise<number> {
  const { revocations } = (await admin.get(path)) as { readonly revocations: readonly JsonObject[] };
  if (options.json) output.write(`${JSON.stringify(revocations, null, 2)}\n`);
  else if (revocations.length === 0) output.write('nothing is revoked\n');
  else for (const entry of revocations) output.write(`${line(entry)}\n`);
  return 0;
}

/** `sallyport revoke lift ID`: takes a revocation back. */
export async function revokeLiftCommand(id: string, admin: AdminClient, output: Writable): Promise<number> {
  await admin.delete(`${path}/${encodeURIComponent(id)}`);
  output.write(`lifted ${id}\n`);
  return 0;
}

function line(entry: JsonObject): string {
  const { id, kind, value, issuer, until } = entry;
  // Quoted as JSON: a subject is any text, and must not be able to move the cursor of a terminal.
  const from = issuer === '' ? 'any issuer' : JSON.stringify(issuer);
  return `${id} ${kind} ${JSON.stringify(value)} of ${from}, ${until === null ? 'for good' : `until ${until}`}`;
}

function readTime(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time)) throw new StartError('--until: write it as a time such as 2027-01-31T12:00:00Z');
  return new Date(time).toISOString();
}
